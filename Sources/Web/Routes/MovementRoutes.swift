// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import HTTP

/// How much moves in footage, and where the next movement is.
struct MovementRoutes: Sendable {
    let reader: ChunkReader

    var routes: [Route] {
        [
            Route(
                .get,
                "/cameras/{camera}/movement",
                .role(.viewer),
                "How much moved, as the sizes of predicted frames tell it",
                query: ["from": "a time (RFC 3339)", "to": "a time", "step": "seconds a value, whole"]
            ) { [reader] call in HTTPResponse(json: try await Self.movement(call, reader)) },
            Route(
                .get,
                "/cameras/{camera}/movement/next",
                .role(.viewer),
                "When something moves next, or did last, within seven days",
                query: ["after": "a time (RFC 3339)", "before": "a time, instead of 'after'"]
            ) { [reader] call in HTTPResponse(json: ["at": try await Self.next(call, reader).rfc3339]) },
        ]
    }

    private struct Document: Encodable {
        let from: String
        let step: Double
        /// 12 × log₂ of the predicted frames' mean size; nothing where there is no footage.
        let values: [UInt8?]

        init(_ series: MovementSeries) {
            (from, step) = (series.start.rfc3339, Double(series.step))
            values = series.values.map { $0 > 0 ? $0 : nil }
        }
    }

    /// More than any screen has columns.
    private static let mostValues = 20_000.0
    private static let longest = Duration.seconds(400 * 24 * 3600)

    private static func movement(_ call: Call, _ reader: ChunkReader) async throws -> Document {
        let span = try call.span()
        let length = span.upperBound - span.lowerBound
        guard length <= longest else { throw Problem(422, "ask for 400 days at most") }
        let step = try call.number("step") ?? 1
        guard step >= 1, step <= 86_400 else { throw Problem(422, "'step' is from 1 to 86400 seconds") }
        let coarsest = max(step.rounded(.up), (length / .seconds(1) / mostValues).rounded(.up))
        try await call.mustKnowCamera()
        var series = MovementSeries(of: span, step: Int64(coarsest))
        try await fill(&series, of: call["camera"], span, in: try await call.backend.store(), reader)
        return Document(series)
    }

    /// Those that are being written are read themselves: the index knows of finished ones.
    private static func fill(
        _ series: inout MovementSeries,
        of camera: String,
        _ span: Range<UTCTime>,
        in store: ChunkStore,
        _ reader: ChunkReader
    ) async throws {
        let found = try await store.index.movement(of: camera, in: span)
        // A year of seconds takes a while.
        series = try await reader.onQueue { [series] in
            var series = series
            for (start, seconds) in found { series.add(seconds, from: start) }
            return series
        }
        for chunk in try await store.index.openChunks(of: camera) where chunk.start < span.upperBound {
            // One that cannot be read costs the others nothing.
            do {
                guard let piece = try await reader.piece(Showing(chunk), in: store.directory) else { continue }
                series.add(Movement.values(of: piece.table), from: chunk.start)
            } catch is Problem { continue }
        }
    }

    // MARK: The next one

    private static let farthest = Duration.seconds(7 * 24 * 3600)
    /// So much is looked through at a time.
    private static let window = Duration.seconds(6 * 3600)

    private static func next(_ call: Call, _ reader: ChunkReader) async throws -> UTCTime {
        let store = try await call.backend.store()
        let (after, before) = (try call.time("after"), try call.time("before"))
        guard let origin = after ?? before, after == nil || before == nil else {
            throw Problem(400, "either 'after' or 'before' is wanted, such as ?after=2026-11-21T10:20:00Z")
        }
        try await call.mustKnowCamera()
        let isForward = after != nil
        var looked = Duration.zero
        while looked < farthest {
            let near = isForward ? origin + looked : origin - looked
            let far = isForward ? near + window : near - window
            let span = min(near, far)..<max(near, far)
            // What was usual before it is a part of the question.
            let seen = (span.lowerBound - .seconds(2 * MovementSeries.memory))..<span.upperBound
            var series = MovementSeries(of: seen, step: 1)
            try await fill(&series, of: call["camera"], seen, in: store, reader)
            let found = series.beginnings.filter { $0 >= span.lowerBound && $0 != origin }
            if let time = isForward ? found.first : found.last { return time }
            if isForward, span.upperBound > .now { break }
            looked += window
        }
        throw Problem(404, "nothing moved \(isForward ? "after that yet" : "in the seven days before")")
    }
}

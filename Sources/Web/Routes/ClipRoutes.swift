// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Footage
internal import HTTP
internal import Synchronization

/// Footage taken away: made from the chunks while it is sent, so that nothing of it lies on a disk of ours.
final class ClipRoutes: Sendable {
    var routes: [Route] {
        [
            Route(
                .get,
                "/cameras/{camera}/clip",
                .role(.operator),
                "A span as one MP4, cut at the keyframes outside it, never re-encoded",
                query: ["from": "a time (RFC 3339)", "to": "a time"]
            ) { [self] call in try await clip(call) }
            .noted(.export),
            Route(
                .get,
                "/clips",
                .role(.operator),
                "A span of several cameras as a ZIP archive, with a text that says what is in it",
                query: ["camera": "a camera; once for each", "from": "a time (RFC 3339)", "to": "a time"]
            ) { [self] call in try await archive(call) }
            .noted(.export) { ($0.spanInWords + ($0.request.values["camera"] ?? [])).joined(separator: " ") },
        ]
    }

    /// More than one file should be.
    private static let longest = Duration.seconds(24 * 3600)
    private static let cameraLimit = 64
    /// At a time, of all; each takes something of the disk that records.
    private static let limit = 4

    /// Reads for a day's footage what its frames are, which takes memory: one at a time.
    private let planning = DispatchQueue(label: "clip-plans")
    private let reading = DispatchQueue(label: "clips", attributes: .concurrent)
    private let turns = Turns()

    private func clip(_ call: Call) async throws -> HTTPResponse {
        let (span, store) = (try Self.span(call), try await call.backend.store())
        let camera = call["camera"]
        let turn = try turns.take(call.caller)
        guard let plan = try await plan(camera, span, store) else {
            throw Problem(404, "nothing of '\(camera)' was recorded in that time")
        }
        let reader = ClipReader(plan)
        return response(reader, plan.byteCount, "video/mp4", "\(camera)_\(span.lowerBound.fileName).mp4", turn)
    }

    private func archive(_ call: Call) async throws -> HTTPResponse {
        let (span, store) = (try Self.span(call), try await call.backend.store())
        var cameras: [String] = []
        for name in call.request.values["camera"] ?? [] where !cameras.contains(name) { cameras.append(name) }
        guard !cameras.isEmpty, cameras.count <= Self.cameraLimit else {
            throw Problem(
                400,
                "'camera' is missing, such as ?camera=front-door&camera=till, \(Self.cameraLimit) at most"
            )
        }
        let turn = try turns.take(call.caller)
        let known = try await store.index.cameras()
        var parts: [ArchiveText.Part] = []
        for camera in cameras {
            // What is no camera is no file's name either.
            guard known.contains(camera) else {
                guard await call.backend.feed(camera) != nil else {
                    throw Problem(404, "there is no camera '\(camera)'")
                }
                parts.append(ArchiveText.Part(camera: camera, name: nil, plan: nil))
                continue
            }
            let plan = try await plan(camera, span, store)
            let name = plan.map { _ in "\(camera)_\(span.lowerBound.fileName).mp4" }
            parts.append(ArchiveText.Part(camera: camera, name: name, plan: plan))
        }
        let entries = parts.compactMap { part -> Archive.Entry? in
            guard let name = part.name, let plan = part.plan else { return nil }
            return Archive.Entry(name: name, time: plan.summary.start ?? span.lowerBound, plan: plan)
        }
        guard !entries.isEmpty else { throw Problem(404, "nothing of these cameras was recorded in that time") }
        let text = ArchiveText(parts: parts, span: span, made: .now)
        let archive = Archive(entries, at: text.made) { text.text(digests: $0) }
        return response(archive, archive.byteCount, "application/zip", "footage_\(span.lowerBound.fileName).zip", turn)
    }

    private static func span(_ call: Call) throws(Problem) -> Range<UTCTime> {
        let span = try call.span()
        guard span.upperBound - span.lowerBound <= longest else { throw Problem(422, "ask for a day at most") }
        return span
    }

    /// `nil` if there is nothing.
    private func plan(_ camera: String, _ span: Range<UTCTime>, _ store: ChunkStore) async throws -> ClipPlan? {
        let showings = try await store.index.showings(camera: camera, from: span.lowerBound, to: span.upperBound)
            .filter { $0.chunk.state != .deleting && $0.chunk.state != .damaged }
        guard !showings.isEmpty else { return nil }
        return try await withCheckedThrowingContinuation { done in
            planning.async {
                done.resume(
                    with: Result {
                        do { return try Clip(showings, in: store.directory, span: span).plan() } catch is Clip.Failure {
                            return nil
                        }
                    }
                )
            }
        }
    }

    private func response(
        _ source: some PartSource,
        _ byteCount: Int,
        _ type: String,
        _ name: String,
        _ turn: Turns.Turn
    ) -> HTTPResponse {
        HTTPResponse(
            200,
            [
                ("Content-Type", type), ("Cache-Control", "no-store"),
                ("Content-Disposition", "attachment; filename=\"\(name)\""),
            ],
            body: .stream(ReadParts(source, on: reading, holding: turn).stream, byteCount: byteCount)
        )
    }

    /// Who takes something away now.
    private final class Turns: Sendable {
        private let callers = Mutex<[Caller]>([])

        /// One caller's, until nobody holds it.
        final class Turn: Sendable {
            private let turns: Turns
            private let caller: Caller

            init(_ turns: Turns, _ caller: Caller) { (self.turns, self.caller) = (turns, caller) }

            deinit { turns.giveBack(caller) }
        }

        func take(_ caller: Caller) throws(Problem) -> Turn {
            let (isOwn, isFull) = callers.withLock { callers in
                let (isOwn, isFull) = (callers.contains(caller), callers.count >= ClipRoutes.limit)
                if !isOwn, !isFull { callers.append(caller) }
                return (isOwn, isFull)
            }
            if isOwn { throw Problem(503, "another clip is being taken: try again when it is done", retryAfter: 5) }
            if isFull { throw Problem(503, "others are taking clips: try again when they are done", retryAfter: 5) }
            return Turn(self, caller)
        }

        private func giveBack(_ caller: Caller) {
            callers.withLock { callers in
                if let index = callers.firstIndex(of: caller) { callers.remove(at: index) }
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import SQLite

extension ChunkIndex {
    /// What there is of a camera in a span, and what is missing and why.
    ///
    /// One scan of an index over the span, whatever lies outside. Of the chunk that is being written nothing is there yet:
    /// its length is known when it is closed.
    package func timeline(of camera: String, in span: Range<UTCTime>) throws(Failure) -> Timeline {
        let gaps = try gaps(camera: camera, from: span.lowerBound, to: span.upperBound)
        let footage = try read { database throws(Database.Failure) in
            var footage: [Timeline.Stretch] = []
            let sql = """
                SELECT chunks.start, duration, runs.clock FROM chunks JOIN runs ON runs.id = run
                WHERE chunks.camera = ? AND start > ? AND start < ?
                """
            let from = span.lowerBound - Chunk.longest
            let values: [Database.Value] = [
                .text(camera), .integer(from.nanoseconds), .integer(span.upperBound.nanoseconds),
            ]
            try database.forEach(sql, values) { row in
                guard let start = row.integer(0), let duration = row.integer(1), duration > 0 else { return }
                let isSynchronised = row.text(2) != RunClock.State.unsynchronised.rawValue
                let span = UTCTime(nanoseconds: start)..<UTCTime(nanoseconds: start + duration)
                footage.append(Timeline.Stretch(span, isSynchronised: isSynchronised))
            }
            return footage
        }
        return Timeline(span, footage: footage, gaps: gaps)
    }
}

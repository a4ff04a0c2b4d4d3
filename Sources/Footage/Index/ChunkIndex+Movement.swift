// SPDX-License-Identifier: Apache-2.0
internal import SQLite

extension ChunkIndex {
    /// The next finished chunk of whose movement nothing is known.
    package func withoutMovement(after id: Int64) throws(Failure) -> Chunk? {
        let condition = "has_movement = 0 AND state IN ('complete', 'repaired') AND id > ? ORDER BY id LIMIT 1"
        return try chunks(where: condition, [.integer(id)]).first
    }

    /// Keeps how much moved in a chunk, as `Movement` has it; of one that has gone meanwhile nothing is kept.
    package func setMovement(_ seconds: [UInt8], of id: Int64) throws(Failure) {
        try write { database throws(Database.Failure) in
            try database.query("UPDATE chunks SET has_movement = 1 WHERE id = ?", .integer(id))
            guard database.changedRows > 0 else { return }
            try database.query("INSERT OR REPLACE INTO movement VALUES (?, ?)", .integer(id), .blob(seconds))
        }
    }

    /// How much moved in a camera's chunks that reach into a span, by their beginnings.
    package func movement(of camera: String, in span: Range<UTCTime>) throws(Failure) -> [(UTCTime, [UInt8])] {
        try read { database throws(Database.Failure) in
            let sql = """
                SELECT start, seconds FROM chunks JOIN movement ON chunk = id
                WHERE camera = ? AND start > ? AND start < ? AND start + duration > ?
                """
            let values: [Database.Value] = [
                .text(camera), .integer((span.lowerBound - Chunk.longest).nanoseconds),
                .integer(span.upperBound.nanoseconds), .integer(span.lowerBound.nanoseconds),
            ]
            var found: [(UTCTime, [UInt8])] = []
            try database.forEach(sql, values) { row in
                guard let start = row.integer(0), let seconds = row.blob(1) else { return }
                found.append((UTCTime(nanoseconds: start), seconds))
            }
            return found
        }
    }
}

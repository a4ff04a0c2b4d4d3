// SPDX-License-Identifier: Apache-2.0
internal import SQLite

/// What is still to be brought to a place.
package struct UploadQueue: Equatable, Sendable {
    package var chunks: Int
    package var bytes: Int64
    /// Chunks that were deleted before they had been brought there.
    package var deleted: Int

    package init(chunks: Int = 0, bytes: Int64 = 0, deleted: Int = 0) {
        (self.chunks, self.bytes, self.deleted) = (chunks, bytes, deleted)
    }
}

extension ChunkIndex {
    /// Has finished chunks queued for a place from now on, and all there are if it is new here; returns its key.
    package func addUploadTarget(_ url: String) throws(Failure) -> Int64 {
        try write { database throws(Database.Failure) in
            let found = try database.query("SELECT id FROM upload_targets WHERE url = ?", .text(url))
            if let key = found.first?.integer(0) { return key }
            try database.query("INSERT INTO upload_targets (url) VALUES (?)", .text(url))
            let key = database.lastInsertedRow
            try database.query(
                """
                INSERT INTO upload_queue SELECT ?, id FROM chunks WHERE state IN ('complete', 'repaired')
                """,
                .integer(key)
            )
            return key
        }
    }

    /// The oldest chunk that a place does not have.
    package func nextUpload(to target: Int64) throws(Failure) -> Chunk? {
        let condition = """
            id = (SELECT min(chunk) FROM upload_queue JOIN chunks ON id = chunk
                  WHERE target = ? AND state IN ('complete', 'repaired'))
            """
        return try chunks(where: condition, [.integer(target)]).first
    }

    /// A place has a chunk.
    package func uploaded(_ chunk: Int64, to target: Int64) throws(Failure) {
        try write { database throws(Database.Failure) in
            try database.query(
                "DELETE FROM upload_queue WHERE target = ? AND chunk = ?",
                .integer(target),
                .integer(chunk)
            )
        }
    }

    package func uploadQueue(of target: Int64) throws(Failure) -> UploadQueue {
        try read { database throws(Database.Failure) in
            let sql = """
                SELECT count(chunk), coalesce(sum(bytes), 0), coalesce((SELECT deleted FROM upload_targets WHERE id = ?1), 0)
                FROM upload_queue JOIN chunks ON id = chunk WHERE target = ?1
                """
            let row = try database.query(sql, .integer(target)).first
            return UploadQueue(
                chunks: Int(row?.integer(0) ?? 0),
                bytes: row?.integer(1) ?? 0,
                deleted: Int(row?.integer(2) ?? 0)
            )
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The index of a store's chunks: an SQLite database beside them. The files are the truth; it makes them quick to find.
package actor ChunkIndex {
    /// Why an index cannot be used, in words for the user.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    private let executor = QueueExecutor(label: "chunk-index")
    private let database: Database

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens the index at a path, and makes or upgrades its tables; with `readOnly` it must be there and stays as it is.
    package init(path: String, readOnly: Bool = false) throws(Failure) {
        do throws(Database.Failure) { database = try Self.open(path, readOnly: readOnly) } catch {
            throw Failure(description: error.description)
        }
    }

    private static func open(_ path: String, readOnly: Bool) throws(Database.Failure) -> Database {
        let database = try Database(path: path, readOnly: readOnly)
        let found = try database.userVersion()
        guard found <= Schema.version else {
            throw Database.Failure(
                path: path,
                statement: "open",
                text: "the index was written by a newer Martlet (version \(found); this one knows \(Schema.version)); "
                    + "install that version, or move the file away"
            )
        }
        if readOnly { return database }
        // Durable without a sync for each row: what a power cut takes from the log, the files can tell again.
        try database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON")
        for version in Int(found)..<Schema.steps.count {
            try database.transaction { () throws(Database.Failure) in
                try database.execute(Schema.steps[version])
                try database.execute("PRAGMA user_version = \(version + 1)")
            }
        }
        return database
    }

    /// Begins a run of a camera and returns its key.
    package func beginRun(camera: String, start: UTCTime) throws(Failure) -> Int64 {
        try wrap { () throws(Database.Failure) in
            try database.query(
                "INSERT INTO runs (camera, start) VALUES (?, ?)",
                .text(camera),
                .integer(start.nanoseconds)
            )
            return database.lastInsertedRow
        }
    }

    /// Adds a finished chunk; its `id` is given by the index and returned.
    @discardableResult
    package func add(_ chunk: Chunk) throws(Failure) -> Int64 {
        try wrap { () throws(Database.Failure) in
            try database.query(
                """
                INSERT INTO chunks (run, camera, sequence, start, duration, frames, bytes, path)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                .integer(chunk.run),
                .text(chunk.camera),
                .integer(Int64(chunk.sequence)),
                .integer(chunk.start.nanoseconds),
                .integer((UTCTime(nanoseconds: 0) + chunk.duration).nanoseconds),
                .integer(Int64(chunk.frames)),
                .integer(chunk.bytes),
                .text(chunk.path)
            )
            return database.lastInsertedRow
        }
    }

    /// The chunks of one camera, or of all, by camera and time.
    package func chunks(camera: String? = nil) throws(Failure) -> [Chunk] {
        try wrap { () throws(Database.Failure) in
            let columns = "SELECT id, run, camera, sequence, start, duration, frames, bytes, path FROM chunks"
            let rows =
                if let camera {
                    try database.query("\(columns) WHERE camera = ? ORDER BY start", .text(camera))
                } else {
                    try database.query("\(columns) ORDER BY camera, start")
                }
            return rows.compactMap(Chunk.init)
        }
    }

    private func wrap<Result>(_ body: () throws(Database.Failure) -> Result) throws(Failure) -> Result {
        do throws(Database.Failure) { return try body() } catch { throw Failure(description: error.description) }
    }
}

extension Chunk {
    fileprivate init?(_ row: Database.Row) {
        guard let id = row.integer(0), let run = row.integer(1), let camera = row.text(2),
            let sequence = row.integer(3),
            let start = row.integer(4), let duration = row.integer(5), let frames = row.integer(6),
            let bytes = row.integer(7), let path = row.text(8)
        else { return nil }
        self.init(
            camera: camera,
            run: run,
            sequence: Int(sequence),
            start: UTCTime(nanoseconds: start),
            duration: .nanoseconds(duration),
            frames: Int(frames),
            bytes: bytes,
            path: path
        )
        self.id = id
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import SQLite

extension ChunkIndex {
    private static let columns = """
        id, camera, run, sequence, state, origin, protected, start, duration, media_time, frames, bytes, allocated,
        sha256, path, turn, acknowledged
        """

    /// Adds a chunk under its number.
    package func add(_ chunk: Chunk) throws(Failure) {
        try write { database throws(Database.Failure) in
            let marks = Array(repeating: "?", count: 17).joined(separator: ", ")
            try database.query("INSERT INTO chunks (\(Self.columns)) VALUES (\(marks))", chunk.values)
        }
    }

    /// Writes what has become of a chunk that is there; whether it is protected is not touched.
    package func update(_ chunk: Chunk) throws(Failure) {
        try write { database throws(Database.Failure) in
            try database.query(
                """
                UPDATE chunks SET run = ?1, sequence = ?2, state = ?3, duration = ?5, media_time = ?6, frames = ?7,
                    bytes = ?8, allocated = ?9, sha256 = ?10, path = ?11,
                    -- Another camera's recorder may have learnt the time meanwhile, for this one's run as well.
                    start = coalesce((SELECT ?6 + offset FROM runs WHERE id = ?1 AND clock = 'restamped'), ?4)
                WHERE id = ?12
                """,
                .integer(chunk.run),
                .integer(Int64(chunk.sequence)),
                .text(chunk.state.rawValue),
                .integer(chunk.start.nanoseconds),
                .integer(chunk.duration.inNanoseconds),
                .integer(chunk.mediaTime),
                .integer(Int64(chunk.frames)),
                .integer(chunk.bytes),
                .integer(chunk.allocated),
                chunk.digest.map { .blob($0) } ?? .null,
                .text(chunk.path),
                .integer(chunk.id)
            )
        }
    }

    package func chunk(_ id: Int64) throws(Failure) -> Chunk? {
        try chunks(where: "id = ?", [.integer(id)]).first
    }

    package func chunk(at path: String) throws(Failure) -> Chunk? {
        try chunks(where: "path = ?", [.text(path)]).first
    }

    /// The chunks of one camera, or of all, that reach into a span, by camera and time.
    ///
    /// Those that are being written are among them, with a duration of zero.
    package func chunks(
        camera: String? = nil,
        from: UTCTime? = nil,
        to: UTCTime? = nil
    ) throws(Failure) -> [Chunk] {
        if camera == nil, from != nil {
            // The index is by camera and time.
            var found: [Chunk] = []
            for camera in try cameras() { found += try chunks(camera: camera, from: from, to: to) }
            return found
        }
        var conditions: [String] = []
        var values: [Database.Value] = []
        if let camera { (conditions, values) = (["camera = ?"], [.text(camera)]) }
        if let from {
            conditions += ["start > ?", "(start + duration > ? OR state = 'open')"]
            values += [.integer((from - Chunk.longest).nanoseconds), .integer(from.nanoseconds)]
        }
        if let to {
            conditions.append("start < ?")
            values.append(.integer(to.nanoseconds))
        }
        let condition = conditions.isEmpty ? "1" : conditions.joined(separator: " AND ")
        return try chunks(where: "\(condition) ORDER BY camera, start", values)
    }

    /// The chunks whose files lie in a folder, by path.
    package func chunks(inFolder folder: String) throws(Failure) -> [Chunk] {
        // The character behind '/' ends the range of all paths that begin with it.
        try chunks(where: "path > ? AND path < ? ORDER BY path", [.text("\(folder)/"), .text("\(folder)0")])
    }

    /// What a directory's listing is compared with.
    struct FileRow: Sendable {
        /// Nothing is being done with the chunk.
        let isSettled: Bool
        let bytes: Int64
        let allocated: Int64
    }

    /// The files that the index knows in a folder, by their names there.
    func rows(inFolder folder: String) throws(Failure) -> [String: FileRow] {
        try read { database throws(Database.Failure) in
            var rows: [String: FileRow] = [:]
            let sql = """
                SELECT substr(path, ?), state IN ('complete', 'repaired'), bytes, allocated FROM chunks
                WHERE path > ? AND path < ?
                """
            let values: [Database.Value] = [
                .integer(Int64(folder.utf8.count + 2)), .text("\(folder)/"), .text("\(folder)0"),
            ]
            try database.forEach(sql, values) { row in
                guard let name = row.text(0), let bytes = row.integer(2), let allocated = row.integer(3) else { return }
                rows[name] = FileRow(isSettled: row.integer(1) == 1, bytes: bytes, allocated: allocated)
            }
            return rows
        }
    }

    /// Chunks that a process left while it wrote or deleted them.
    package func unfinished() throws(Failure) -> [Chunk] {
        try chunks(where: "state IN ('open', 'deleting') ORDER BY id", [])
    }

    /// What is being written of a camera.
    package func openChunks(of camera: String) throws(Failure) -> [Chunk] {
        try chunks(where: "state = 'open' AND camera = ?", [.text(camera)])
    }

    /// The oldest chunk that may be deleted, of one camera or of all; of those that ended before a time, if one is given.
    ///
    /// Old is what was begun first, whatever the clock said then. What a store has goes before what none has.
    package func oldest(of camera: String? = nil, endedBefore time: UTCTime? = nil) throws(Failure) -> Chunk? {
        var condition = "protected = 0 AND state NOT IN ('open', 'deleting')"
        // How old something of unknown time is nobody knows.
        if time != nil { condition += " AND run NOT IN (SELECT id FROM runs WHERE clock = 'unsynchronised')" }
        var values: [Database.Value] = []
        if let camera {
            condition += " AND camera = ?"
            values.append(.text(camera))
        }
        // What is too old goes whoever has it.
        let order = time == nil ? "ORDER BY acknowledged DESC, turn" : "ORDER BY turn"
        let found = try chunks(where: "\(condition) \(order) LIMIT 1", values).first
        guard let time, let chunk = found else { return found }
        return chunk.end < time ? chunk : nil
    }

    /// The next finished chunk that has no digest yet.
    package func withoutDigest(after id: Int64) throws(Failure) -> Chunk? {
        let condition = "sha256 IS NULL AND state IN ('complete', 'repaired') AND id > ? ORDER BY id LIMIT 1"
        return try chunks(where: condition, [.integer(id)]).first
    }

    package func setDigest(_ digest: [UInt8], of id: Int64) throws(Failure) {
        try write { database throws(Database.Failure) in
            try database.query("UPDATE chunks SET sha256 = ? WHERE id = ?", .blob(digest), .integer(id))
        }
    }

    /// Marks a chunk whose file is about to be deleted; `false` if it is protected, or has gone.
    ///
    /// Durable when this returns: else the file could be missed later, as if it were lost.
    package func beginDeleting(_ id: Int64, evenProtected: Bool) throws(Failure) -> Bool {
        try write(durably: true) { database throws(Database.Failure) in
            let condition = evenProtected ? "" : " AND protected = 0"
            try database.query(
                "UPDATE chunks SET state = 'deleting' WHERE id = ? AND state <> 'open'\(condition)",
                .integer(id)
            )
            return database.changedRows > 0
        }
    }

    /// Protects chunks, or releases them, and returns how many are there; durable when it returns, since no file knows of
    /// it.
    @discardableResult
    package func setProtected(_ isProtected: Bool, _ ids: [Int64]) throws(Failure) -> Int {
        try write(durably: true) { database throws(Database.Failure) in
            var count = 0
            for id in ids {
                try database.query(
                    "UPDATE chunks SET protected = ? WHERE id = ?",
                    .integer(isProtected ? 1 : 0),
                    .integer(id)
                )
                count += database.changedRows
            }
            return count
        }
    }

    /// Protects the chunks whose files these are.
    package func protect(paths: [String]) throws(Failure) {
        var ids: [Int64] = []
        for path in paths { if let chunk = try chunk(at: path) { ids.append(chunk.id) } }
        if !ids.isEmpty { try setProtected(true, ids) }
    }

    /// The files of the protected chunks.
    package func protectedPaths() throws(Failure) -> [String] {
        try read { database throws(Database.Failure) in
            try database.query("SELECT path FROM chunks WHERE protected = 1").compactMap { $0.text(0) }
        }
    }

    /// Forgets a chunk whose file is gone; with a reason, its span becomes a gap, joined to one that it touches.
    package func drop(_ chunk: Chunk, reason: Gap.Reason? = nil, detail: String = "") throws(Failure) {
        try write { database throws(Database.Failure) in
            try database.query("DELETE FROM chunks WHERE id = ?", .integer(chunk.id))
            guard let reason, chunk.duration > .zero else { return }
            let span = Gap(camera: chunk.camera, start: chunk.start, end: chunk.end, reason: reason, detail: detail)
            let earliest = try database.query(
                "SELECT min(start) FROM chunks WHERE camera = ? AND state <> 'open'",
                .text(chunk.camera)
            ).first?.integer(0)
            try Self.join(span, earliestLeft: earliest.map(UTCTime.init(nanoseconds:)), database)
        }
    }

    /// The highest number that a chunk has; 0 if there is none.
    package func lastID() throws(Failure) -> Int64 {
        try read { database throws(Database.Failure) in
            try database.query("SELECT max(id) FROM chunks").first?.integer(0) ?? 0
        }
    }

    package func count() throws(Failure) -> Int {
        try read { database throws(Database.Failure) in
            Int(try database.query("SELECT count(*) FROM chunks").first?.integer(0) ?? 0)
        }
    }

    /// The cameras that have chunks, by name.
    package func cameras() throws(Failure) -> [String] {
        // One step of the index for each camera, not one for each chunk.
        let sql = """
            WITH RECURSIVE names (name) AS (
                SELECT min(camera) FROM chunks
                UNION ALL SELECT (SELECT min(camera) FROM chunks WHERE camera > name) FROM names WHERE name IS NOT NULL
            ) SELECT name FROM names WHERE name IS NOT NULL
            """
        return try read { database throws(Database.Failure) in try database.query(sql).compactMap { $0.text(0) } }
    }

    /// What the finished chunks of a camera take on the disk, in bytes.
    package func allocated(of camera: String) throws(Failure) -> Int64 {
        try read { database throws(Database.Failure) in
            let sql = "SELECT sum(allocated) FROM chunks WHERE camera = ?"
            return try database.query(sql, .text(camera)).first?.integer(0) ?? 0
        }
    }

    /// When the last finished chunk of a camera ended.
    package func lastEnd(of camera: String) throws(Failure) -> UTCTime? {
        let condition = "camera = ? AND state <> 'open' ORDER BY id DESC LIMIT 1"
        return try chunks(where: condition, [.text(camera)]).first?.end
    }

    /// When the oldest footage of a camera begins.
    package func firstStart(of camera: String) throws(Failure) -> UTCTime? {
        try chunks(where: "camera = ? ORDER BY start LIMIT 1", [.text(camera)]).first?.start
    }

    func chunks(where condition: String, _ values: [Database.Value]) throws(Failure) -> [Chunk] {
        try read { database throws(Database.Failure) in
            var found: [Chunk] = []
            try database.forEach("SELECT \(Self.columns) FROM chunks WHERE \(condition)", values) { row in
                if let chunk = Chunk(row) { found.append(chunk) }
            }
            return found
        }
    }
}

extension Chunk {
    /// In the order of the index's columns.
    fileprivate var values: [Database.Value] {
        [
            .integer(id), .text(camera), .integer(run), .integer(Int64(sequence)), .text(state.rawValue),
            .text(origin.rawValue), .integer(isProtected ? 1 : 0), .integer(start.nanoseconds),
            .integer(duration.inNanoseconds), .integer(mediaTime),
            .integer(Int64(frames)), .integer(bytes), .integer(allocated), digest.map { .blob($0) } ?? .null,
            .text(path), .integer(turn), .integer(isAcknowledged ? 1 : 0),
        ]
    }

    fileprivate init?(_ row: Database.Row) {
        guard let id = row.integer(0), let camera = row.text(1), let run = row.integer(2),
            let sequence = row.integer(3), let state = row.text(4).flatMap(State.init),
            let origin = row.text(5).flatMap(Origin.init), let isProtected = row.integer(6),
            let start = row.integer(7), let duration = row.integer(8), let mediaTime = row.integer(9),
            let frames = row.integer(10), let bytes = row.integer(11), let allocated = row.integer(12),
            let path = row.text(14), let turn = row.integer(15), let isAcknowledged = row.integer(16)
        else { return nil }
        self.init(
            id: id,
            camera: camera,
            run: run,
            sequence: Int(sequence),
            state: state,
            start: UTCTime(nanoseconds: start),
            mediaTime: mediaTime,
            path: path
        )
        (self.origin, self.isProtected, self.duration) = (origin, isProtected != 0, .nanoseconds(duration))
        (self.frames, self.bytes, self.allocated, digest) = (Int(frames), bytes, allocated, row.blob(13))
        (self.turn, self.isAcknowledged) = (turn, isAcknowledged != 0)
    }
}

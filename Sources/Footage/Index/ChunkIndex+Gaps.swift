// SPDX-License-Identifier: Apache-2.0
internal import SQLite

extension ChunkIndex {
    /// What is missing between two recordings; one without an end lasts, and only one of a camera's does at a time.
    package func add(_ gap: Gap) throws(Failure) {
        if let end = gap.end, end - gap.start < Self.shortestGap { return }
        // No file knows it.
        try write(durably: true) { database throws(Database.Failure) in
            if gap.end == nil {
                let sql = "SELECT id FROM gaps WHERE camera = ? AND end IS NULL"
                guard try database.query(sql, .text(gap.camera)).isEmpty else { return }
            }
            try Self.insert(gap, database)
        }
    }

    /// A camera is recorded again.
    ///
    /// A gap of no length, or one that a step of the clock turned round, is none.
    package func endGap(of camera: String, at end: UTCTime) throws(Failure) {
        try write(durably: true) { database throws(Database.Failure) in
            try database.query(
                "DELETE FROM gaps WHERE camera = ? AND end IS NULL AND start >= ?",
                .text(camera),
                .integer((end - Self.shortestGap).nanoseconds)
            )
            try database.query(
                "UPDATE gaps SET end = ? WHERE camera = ? AND end IS NULL",
                .integer(end.nanoseconds),
                .text(camera)
            )
        }
    }

    /// Less than a frame or two is no gap.
    private static let shortestGap = Duration.milliseconds(100)

    /// What has become no gap at all since its ends are known better.
    static func dropEmptyGaps(of camera: String, _ database: Database) throws(Database.Failure) {
        try database.query(
            "DELETE FROM gaps WHERE camera = ? AND end IS NOT NULL AND end - start < ?",
            .text(camera),
            .integer(shortestGap.inNanoseconds)
        )
    }

    /// The gaps of one camera, or of all, that reach into a span, by camera and time.
    package func gaps(camera: String? = nil, from: UTCTime? = nil, to: UTCTime? = nil) throws(Failure) -> [Gap] {
        var conditions = ["1"]
        var values: [Database.Value] = []
        if let camera {
            conditions.append("camera = ?")
            values.append(.text(camera))
        }
        if let from {
            conditions.append("(end IS NULL OR end > ?)")
            values.append(.integer(from.nanoseconds))
        }
        if let to {
            conditions.append("start < ?")
            values.append(.integer(to.nanoseconds))
        }
        return try read { database throws(Database.Failure) in
            let condition = conditions.joined(separator: " AND ")
            let sql = "SELECT camera, start, end, reason, detail FROM gaps WHERE \(condition) ORDER BY camera, start"
            return try database.query(sql, values).compactMap(Gap.init)
        }
    }

    /// Adds a span to the gap that it touches, if that has the same reason; else it becomes one of its own.
    ///
    /// What a deleted span swallows of older gaps is forgotten: before the oldest footage nothing is there anyway.
    ///
    /// `earliestLeft` is when the oldest footage that is left begins, by time.
    static func join(_ span: Gap, earliestLeft: UTCTime?, _ database: Database) throws(Database.Failure) {
        guard let end = span.end else { return }
        // A chunk that a wrong clock dated far ahead goes in its turn, and says nothing of the time before it.
        let isHorizon = span.reason == .quota && earliestLeft.map { span.start <= $0 } ?? true
        if isHorizon {
            try database.query(
                "DELETE FROM gaps WHERE camera = ? AND end <= ? AND reason <> 'quota'",
                .text(span.camera),
                .integer(end.nanoseconds)
            )
        }
        // Everything before the oldest footage is one gap of the quota's, however many runs it was.
        let touching = isHorizon ? "1" : "start <= ?3 + 1000000000 AND end >= ?2 - 1000000000"
        try database.query(
            """
            UPDATE gaps SET start = min(start, ?2), end = max(end, ?3)
            WHERE camera = ?1 AND reason = ?4 AND end IS NOT NULL AND \(touching)
            """,
            .text(span.camera),
            .integer(span.start.nanoseconds),
            .integer(end.nanoseconds),
            .text(span.reason.rawValue)
        )
        if database.changedRows == 0 { try insert(span, database) }
    }

    /// All of a span is there after all: what was noted as missing in it, by accident, is not.
    package func fill(_ span: Range<UTCTime>, of camera: String) throws(Failure) {
        try write(durably: true) { database throws(Database.Failure) in
            let sql = """
                SELECT id, start, end, reason, detail FROM gaps WHERE camera = ? AND end > ? AND start < ?
                AND reason NOT IN ('quota', 'removed') AND detail <> 'recording was turned off'
                """
            let (from, to) = (span.lowerBound.nanoseconds, span.upperBound.nanoseconds)
            for row in try database.query(sql, .text(camera), .integer(from), .integer(to)) {
                guard let id = row.integer(0), let start = row.integer(1), let end = row.integer(2),
                    let reason = row.text(3).flatMap(Gap.Reason.init), let detail = row.text(4)
                else { continue }
                try database.query("DELETE FROM gaps WHERE id = ?", .integer(id))
                for rest in [(start, min(from, end)), (max(to, start), end)] where rest.1 - rest.0 >= shortest {
                    let left = Gap(
                        camera: camera,
                        start: UTCTime(nanoseconds: rest.0),
                        end: UTCTime(nanoseconds: rest.1),
                        reason: reason,
                        detail: detail
                    )
                    try Self.insert(left, database)
                }
            }
        }
    }

    private var shortest: Int64 { Self.shortestGap.inNanoseconds }

    /// Why what did not come over the network is not on the camera's card either, where that is so; returns how many spans
    /// got a reason.
    package func explain(_ absences: [Gap]) throws(Failure) -> Int {
        try write(durably: true) { database throws(Database.Failure) in
            var count = 0
            for absence in absences {
                guard let end = absence.end else { continue }
                let sql = """
                    SELECT start, end, reason, detail FROM gaps WHERE camera = ? AND end > ? AND start < ?
                    """
                let rows = try database.query(
                    sql,
                    .text(absence.camera),
                    .integer(absence.start.nanoseconds),
                    .integer(end.nanoseconds)
                )
                guard !rows.contains(where: { $0.text(2) == absence.reason.rawValue && $0.text(3) == absence.detail })
                else { continue }
                for row in rows where [Gap.Reason.network, .camera].map(\.rawValue).contains(row.text(2)) {
                    guard let from = row.integer(0), let to = row.integer(1) else { continue }
                    var part = absence
                    // What began later gives the reason.
                    part.start = UTCTime(nanoseconds: max(absence.start.nanoseconds, from + 1_000_000))
                    part.end = UTCTime(nanoseconds: min(end.nanoseconds, to))
                    guard part.start < part.end ?? part.start else { continue }
                    try Self.insert(part, database)
                    count += 1
                }
            }
            return count
        }
    }

    private static func insert(_ gap: Gap, _ database: Database) throws(Database.Failure) {
        try database.query(
            "INSERT INTO gaps (camera, start, end, reason, detail) VALUES (?, ?, ?, ?, ?)",
            .text(gap.camera),
            .integer(gap.start.nanoseconds),
            gap.end.map { .integer($0.nanoseconds) } ?? .null,
            .text(gap.reason.rawValue),
            .text(gap.detail)
        )
    }

    // MARK: Faults

    /// Notes what went wrong; the newest ten thousand are kept.
    package func addFault(_ text: String, camera: String, at time: UTCTime) throws(Failure) {
        try write { database throws(Database.Failure) in
            try database.query(
                "INSERT INTO faults (time, camera, text) VALUES (?, ?, ?)",
                .integer(time.nanoseconds),
                .text(camera),
                .text(text)
            )
            try database.query("DELETE FROM faults WHERE id <= ?", .integer(database.lastInsertedRow - 10_000))
        }
    }

    /// What went wrong, newest first.
    package func faults(limit: Int) throws(Failure) -> [Fault] {
        try read { database throws(Database.Failure) in
            let sql = "SELECT time, camera, text FROM faults ORDER BY id DESC LIMIT ?"
            return try database.query(sql, .integer(Int64(limit))).compactMap(Fault.init)
        }
    }
}

/// Something that went wrong with a recording, and when.
package struct Fault: Equatable, Sendable {
    package let time: UTCTime
    /// Empty for the store as a whole.
    package let camera: String
    package let text: String

    fileprivate init?(_ row: Database.Row) {
        guard let time = row.integer(0), let camera = row.text(1), let text = row.text(2) else { return nil }
        (self.time, self.camera, self.text) = (UTCTime(nanoseconds: time), camera, text)
    }
}

extension Gap {
    fileprivate init?(_ row: Database.Row) {
        guard let camera = row.text(0), let start = row.integer(1), let reason = row.text(3).flatMap(Reason.init),
            let detail = row.text(4)
        else { return nil }
        self.init(
            camera: camera,
            start: UTCTime(nanoseconds: start),
            end: row.integer(2).map(UTCTime.init(nanoseconds:)),
            reason: reason,
            detail: detail
        )
    }
}

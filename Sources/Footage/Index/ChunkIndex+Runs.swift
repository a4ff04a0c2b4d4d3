// SPDX-License-Identifier: Apache-2.0
internal import SQLite

/// An unbroken sequence of chunks, as the index knows it.
package struct Run: Equatable, Sendable {
    /// A UUID: the same wherever the run's chunks are.
    package var identity: String
    package var camera: String
    /// Which start of the machine its media times count in.
    package var boot: String
    package var clock: RunClock.Mapping
    /// The camera's own run that this was fetched from, in whose media time it counts; `nil` for what came live.
    package var source: String?

    package init(identity: String, camera: String, boot: String, clock: RunClock.Mapping, source: String? = nil) {
        (self.identity, self.camera, self.boot, self.clock, self.source) = (identity, camera, boot, clock, source)
    }
}

extension ChunkIndex {
    /// Adds a run, or finds the one with the same identity, and returns its key.
    package func add(_ run: Run) throws(Failure) -> Int64 {
        try write { database throws(Database.Failure) in
            let found = try database.query("SELECT id FROM runs WHERE identity = ?", .text(run.identity))
            if let key = found.first?.integer(0) { return key }
            try database.query(
                "INSERT INTO runs (identity, camera, boot, clock, offset, source) VALUES (?, ?, ?, ?, ?, ?)",
                .text(run.identity),
                .text(run.camera),
                .text(run.boot),
                .text(run.clock.state.rawValue),
                .integer(run.clock.offset),
                run.source.map { .text($0) } ?? .null
            )
            return database.lastInsertedRow
        }
    }

    package func run(_ key: Int64) throws(Failure) -> Run? {
        try read { database throws(Database.Failure) in
            let sql = "SELECT identity, camera, boot, clock, offset, source FROM runs WHERE id = ?"
            return try database.query(sql, .integer(key)).first.flatMap(Run.init)
        }
    }

    /// The run's times are known better: its chunks move with them.
    package func correct(_ run: Int64, to clock: RunClock.Mapping) throws(Failure) {
        try write { database throws(Database.Failure) in try Self.correct(run, to: clock, database) }
    }

    private static func correct(
        _ run: Int64,
        to clock: RunClock.Mapping,
        _ database: Database
    ) throws(Database.Failure) {
        try moveGaps(around: run, to: clock.offset, database)
        try database.query(
            "UPDATE runs SET clock = ?, offset = ? WHERE id = ?",
            .text(clock.state.rawValue),
            .integer(clock.offset),
            .integer(run)
        )
        try database.query(
            "UPDATE chunks SET start = media_time + ? WHERE run = ?",
            .integer(clock.offset),
            .integer(run)
        )
    }

    /// Gaps begin where a run's footage ends, and end where it begins: they move with it.
    private static func moveGaps(
        around run: Int64,
        to offset: Int64,
        _ database: Database
    ) throws(Database.Failure) {
        let sql = """
            SELECT runs.camera, ?2 - runs.offset, min(start), max(start + duration)
            FROM runs JOIN chunks ON chunks.run = runs.id WHERE runs.id = ?1 GROUP BY runs.id
            """
        guard let row = try database.query(sql, .integer(run), .integer(offset)).first,
            let camera = row.text(0), let by = row.integer(1), by != 0,
            let start = row.integer(2), let end = row.integer(3)
        else { return }
        for column in ["start", "end"] {
            try database.query(
                "UPDATE gaps SET \(column) = \(column) + ? WHERE camera = ? AND \(column) BETWEEN ? AND ?",
                .integer(by),
                .text(camera),
                .integer(start - 1_000_000_000),
                .integer(end + 1_000_000_000)
            )
        }
        try dropEmptyGaps(of: camera, database)
    }

    /// The machine's clock is synchronised: what was recorded since its start without a clock gets its true time.
    ///
    /// Returns by how much each run of those moved, by camera.
    package func restamp(boot: String, offset: Int64) throws(Failure) -> [(camera: String, by: Duration)] {
        try write { database throws(Database.Failure) in
            let rows = try database.query(
                "SELECT id, camera, offset FROM runs WHERE boot = ? AND clock = 'unsynchronised'",
                .text(boot)
            )
            var moved: [(camera: String, by: Duration)] = []
            for row in rows {
                guard let key = row.integer(0), let camera = row.text(1), let old = row.integer(2) else { continue }
                try Self.correct(key, to: RunClock.Mapping(offset: offset, state: .restamped), database)
                moved.append((camera, .nanoseconds(offset - old)))
            }
            return moved
        }
    }

    /// Runs of unknown time get it from a run of the same boot whose time is known: what a daemon does when its clock is
    /// set, done again from what the files say.
    package func restampBoots() throws(Failure) {
        let boots = try read { database throws(Database.Failure) in
            // The last run of a boot knows best.
            try database.query(
                """
                SELECT boot, offset FROM runs AS known WHERE clock = 'synchronised' AND boot <> '' AND id = (
                    SELECT max(id) FROM runs WHERE boot = known.boot AND clock = 'synchronised'
                ) AND EXISTS (SELECT 1 FROM runs WHERE boot = known.boot AND clock = 'unsynchronised')
                """
            ).compactMap { row in row.text(0).flatMap { boot in row.integer(1).map { (boot, $0) } } }
        }
        for (boot, offset) in boots { _ = try restamp(boot: boot, offset: offset) }
    }

    /// Runs that have no chunks any more are of no use.
    package func dropEmptyRuns() throws(Failure) {
        try write { database throws(Database.Failure) in
            try database.query("DELETE FROM runs WHERE id NOT IN (SELECT run FROM chunks)")
        }
    }
}

extension Run {
    fileprivate init?(_ row: Database.Row) {
        guard let identity = row.text(0), let camera = row.text(1), let boot = row.text(2),
            let state = row.text(3).flatMap(RunClock.State.init), let offset = row.integer(4)
        else { return nil }
        self.init(identity: identity, camera: camera, boot: boot, clock: .init(offset: offset, state: state))
        source = row.text(5)
    }
}

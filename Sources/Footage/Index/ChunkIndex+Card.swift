// SPDX-License-Identifier: Apache-2.0
internal import SQLite

/// What a store knows of its cameras' cards.
extension ChunkIndex {
    /// The card that a camera has now.
    package struct Card: Equatable, Sendable {
        /// Of its directory of chunks.
        package let identity: String
        /// What was filmed before is not asked for: the camera was not known here yet.
        package let since: UTCTime
    }

    /// The camera's card; another one than the last is noted, and whatever was known of that one is forgotten.
    ///
    /// A camera is known here since it was first recorded, or since now.
    package func card(of camera: String, identity: String, now: UTCTime) throws(Failure) -> Card {
        let first = try firstStart(of: camera)
        return try write { database throws(Database.Failure) in
            let sql = "SELECT identity, since FROM cards WHERE camera = ?"
            let row = try database.query(sql, .text(camera)).first
            let since = row?.integer(1) ?? min(first ?? now, now).nanoseconds
            if let known = row?.text(0), known != identity {
                try database.query("DELETE FROM card_chunks WHERE card = ?", .text(known))
            }
            if row?.text(0) != identity {
                try database.query(
                    "INSERT OR REPLACE INTO cards (camera, identity, since) VALUES (?, ?, ?)",
                    .text(camera),
                    .text(identity),
                    .integer(since)
                )
            }
            return Card(identity: identity, since: UTCTime(nanoseconds: since))
        }
    }

    /// What has become of a chunk on a card.
    package enum CardChunkState: String, Sendable {
        /// All of it is here, or was.
        case held
        /// It is not wanted here: from before the camera was known, or before the oldest there is room for.
        case declined
    }

    /// The chunks of a card with which this store is done.
    package func settled(on card: String) throws(Failure) -> [Int64: CardChunkState] {
        try read { database throws(Database.Failure) in
            var states: [Int64: CardChunkState] = [:]
            try database.forEach("SELECT id, state FROM card_chunks WHERE card = ?", [.text(card)]) { row in
                if let id = row.integer(0) { states[id] = row.text(1).flatMap(CardChunkState.init) }
            }
            return states
        }
    }

    /// This store is done with a chunk of a card; durable when it returns, for the camera may delete it then.
    package func settle(_ chunk: Int64, on card: String, as state: CardChunkState) throws(Failure) {
        try write(durably: true) { database throws(Database.Failure) in
            try database.query(
                "INSERT OR REPLACE INTO card_chunks (card, id, state) VALUES (?, ?, ?)",
                .text(card),
                .integer(chunk),
                .text(state.rawValue)
            )
        }
    }

    /// Chunks that the card has no longer need not be known; with `declined` those that were not wanted are looked at
    /// again.
    package func forgetCardChunks(before oldest: Int64, on card: String, declined: Bool = false) throws(Failure) {
        try write { database throws(Database.Failure) in
            try database.query(
                "DELETE FROM card_chunks WHERE card = ?1 AND (id < ?2 OR ?3 AND state = 'declined')",
                .text(card),
                .integer(oldest),
                .integer(declined ? 1 : 0)
            )
        }
    }

    /// Which time it is here, in nanoseconds since 1970, when a camera's monotonic clock shows 0 after one of its starts.
    package func offset(ofBoot boot: String) throws(Failure) -> Int64? {
        try read { database throws(Database.Failure) in
            try database.query("SELECT offset FROM card_boots WHERE boot = ?", .text(boot)).first?.integer(0)
        }
    }

    package func setOffset(ofBoot boot: String, _ camera: String, to offset: Int64) throws(Failure) {
        try write { database throws(Database.Failure) in
            try database.query(
                "INSERT OR REPLACE INTO card_boots (boot, camera, offset) VALUES (?, ?, ?)",
                .text(boot),
                .text(camera),
                .integer(offset)
            )
            // A start of the camera whose footage has gone from everywhere is of no use; these are many.
            try database.query(
                """
                DELETE FROM card_boots WHERE camera = ?1 AND rowid NOT IN
                    (SELECT rowid FROM card_boots WHERE camera = ?1 ORDER BY offset DESC LIMIT 1000)
                """,
                .text(camera)
            )
        }
    }

    /// What was fetched of one of a camera's runs: spans of that camera's monotonic clock in nanoseconds, with the chunks
    /// that hold them.
    package func fetched(ofRun source: String) throws(Failure) -> [(span: Range<Int64>, chunk: Chunk)] {
        let condition = "run IN (SELECT id FROM runs WHERE source = ?) AND state NOT IN ('open', 'deleting', 'damaged')"
        return try chunks(where: condition, [.text(source)]).map { chunk in
            (chunk.mediaTime..<chunk.mediaTime + chunk.duration.inNanoseconds, chunk)
        }
    }

    /// Whether a camera's run is known as one of another camera.
    package func isRun(_ source: String, ofOtherThan camera: String) throws(Failure) -> Bool {
        try read { database throws(Database.Failure) in
            let sql = "SELECT 1 FROM runs WHERE source = ? AND camera <> ? LIMIT 1"
            return try !database.query(sql, .text(source), .text(camera)).isEmpty
        }
    }

    // MARK: In their place

    /// A chunk of the card stands where a live one has something else, in media time of that one.
    package func cut(_ cuts: [Cut], for source: Int64) throws(Failure) {
        try write { database throws(Database.Failure) in
            for cut in cuts {
                try database.query(
                    """
                    INSERT INTO cuts (chunk, source, start, end, origin) SELECT ?1, ?2, ?3, ?4, ?5
                    WHERE EXISTS (SELECT 1 FROM chunks WHERE id = ?1)
                    """,
                    .integer(cut.chunk),
                    .integer(source),
                    .integer(cut.span.lowerBound),
                    .integer(cut.span.upperBound),
                    .integer(cut.origin)
                )
            }
        }
    }

    /// What was to stand in others' places has become shorter than it was to be.
    package func clampCuts(for source: Int64, to length: Duration) throws(Failure) {
        try write { database throws(Database.Failure) in
            try database.query(
                "UPDATE cuts SET end = min(end, origin + ?) WHERE source = ?",
                .integer(length.inNanoseconds),
                .integer(source)
            )
            try database.query("DELETE FROM cuts WHERE source = ? AND end <= start", .integer(source))
        }
    }

    /// Before when a camera's footage had to go to make room, if any had.
    package func horizon(of camera: String) throws(Failure) -> UTCTime? {
        try read { database throws(Database.Failure) in
            let sql = "SELECT max(end) FROM gaps WHERE camera = ? AND reason = 'quota'"
            return try database.query(sql, .text(camera)).first?.integer(0).map(UTCTime.init(nanoseconds:))
        }
    }

    /// What is not to be shown of chunks, in media time, by their numbers.
    package func cuts(of chunks: [Chunk]) throws(Failure) -> [Int64: [Range<Int64>]] {
        guard let first = chunks.map(\.id).min(), let last = chunks.map(\.id).max() else { return [:] }
        return try read { database throws(Database.Failure) in
            var cuts: [Int64: [Range<Int64>]] = [:]
            // What is being fetched stands nowhere yet.
            let sql = """
                SELECT chunk, cuts.start, end FROM cuts JOIN chunks ON chunks.id = source
                WHERE chunk BETWEEN ? AND ? AND chunks.state IN ('complete', 'repaired')
                """
            try database.forEach(sql, [.integer(first), .integer(last)]) { row in
                guard let chunk = row.integer(0), let start = row.integer(1), let end = row.integer(2), start < end
                else {
                    return
                }
                cuts[chunk, default: []].append(start..<end)
            }
            return cuts
        }
    }

    /// When a chunk of a camera is to be deleted that was filmed at a time: with the one that was begun before it.
    package func turn(of camera: String, at start: UTCTime) throws(Failure) -> Int64? {
        try read { database throws(Database.Failure) in
            let before = "SELECT turn FROM chunks WHERE camera = ? AND start <= ? ORDER BY start DESC LIMIT 1"
            if let turn = try database.query(before, .text(camera), .integer(start.nanoseconds)).first?.integer(0) {
                return turn
            }
            let behind = "SELECT turn FROM chunks WHERE camera = ? ORDER BY start LIMIT 1"
            return try database.query(behind, .text(camera)).first?.integer(0)
        }
    }

    /// Whether something that may be deleted, of one camera or of any, is older than a turn.
    package func isAnything(of camera: String? = nil, before turn: Int64) throws(Failure) -> Bool {
        try read { database throws(Database.Failure) in
            let sql =
                "SELECT 1 FROM chunks WHERE protected = 0 AND acknowledged IN (0, 1) AND state NOT IN ('open', 'deleting') AND turn < ? LIMIT 1"
            guard let camera else { return try !database.query(sql, .integer(turn)).isEmpty }
            let ofOne = sql.replacing("turn < ?", with: "turn < ? AND camera = ?")
            return try !database.query(ofOne, .integer(turn), .text(camera)).isEmpty
        }
    }
}

/// What a camera knows of its store.
extension ChunkIndex {
    /// The chunks that no store has acknowledged, by number, behind a number; or all that can be fetched.
    package func fetchable(
        of camera: String,
        after id: Int64,
        acknowledged: Bool,
        limit: Int
    ) throws(Failure) -> [Chunk] {
        let condition = """
            camera = ? AND id > ? AND state IN ('open', 'complete', 'repaired')
            \(acknowledged ? "" : "AND acknowledged = 0 AND declined = 0") ORDER BY id LIMIT ?
            """
        return try chunks(where: condition, [.text(camera), .integer(id), .integer(Int64(limit))])
    }

    /// The lowest number of a camera's chunks; `nil` if it has none.
    package func firstNumber(of camera: String) throws(Failure) -> Int64? {
        try read { database throws(Database.Failure) in
            try database.query("SELECT min(id) FROM chunks WHERE camera = ?", .text(camera)).first?.integer(0)
        }
    }

    /// A store has all of these chunks, which are deleted first then; or it wants none of them.
    ///
    /// What it does not want is deleted in its turn, and not missed. Durable when it returns. Returns how many there are.
    package func acknowledge(_ ids: [Int64], of camera: String, declined: Bool = false) throws(Failure) -> Int {
        try write(durably: true) { database throws(Database.Failure) in
            var count = 0
            for id in ids {
                try database.query(
                    """
                    UPDATE chunks SET acknowledged = ?1, declined = ?2
                    WHERE id = ?3 AND camera = ?4 AND state IN ('complete', 'repaired')
                    """,
                    .integer(declined ? 0 : 1),
                    .integer(declined ? 1 : 0),
                    .integer(id),
                    .text(camera)
                )
                count += database.changedRows
            }
            try database.query(
                """
                INSERT INTO acknowledgements (camera, until)
                    SELECT ?1, coalesce(max(start), 0) FROM chunks WHERE camera = ?1 AND acknowledged = 1
                ON CONFLICT (camera) DO UPDATE SET until = max(until, excluded.until)
                """,
                .text(camera)
            )
            return count
        }
    }

    /// How it stands with what a store has acknowledged.
    package struct Acknowledgement: Equatable, Sendable {
        /// Up to when a store has all of it.
        package var until: UTCTime
        /// What no store has yet, on the disk, in bytes.
        package var unacknowledged: Int64
    }

    /// `nil` while no store has ever acknowledged anything.
    package func acknowledgement(of camera: String) throws(Failure) -> Acknowledgement? {
        try read { database throws(Database.Failure) in
            // What one has goes first, and is not missed when it has gone.
            let known = "SELECT until FROM acknowledgements WHERE camera = ?"
            guard let latest = try database.query(known, .text(camera)).first?.integer(0) else { return nil }
            let rest = """
                SELECT sum(allocated), min(start) FROM chunks
                WHERE camera = ?1 AND acknowledged = 0 AND declined = 0 AND state <> 'open'
                """
            let row = try database.query(rest, .text(camera)).first
            let until = min(row?.integer(1) ?? latest, latest)
            return Acknowledgement(
                until: UTCTime(nanoseconds: until),
                unacknowledged: row?.integer(0) ?? 0
            )
        }
    }
}

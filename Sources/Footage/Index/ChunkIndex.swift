// SPDX-License-Identifier: Apache-2.0
internal import SQLite

/// The index of a store's chunks: an SQLite database beside them. The files are the truth; it makes them quick to find.
///
/// Rows that files can tell again are written without a sync each (`synchronous=NORMAL`: a power cut may take the last
/// ones, never break the file); what no file knows, as protection, is synced (`FULL`).
package actor ChunkIndex {
    /// Why an index cannot be used, in words for the user.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let description: String
        /// Whether the file itself is broken, and can be made anew from the chunks.
        package var isDamage = false
        /// Whether a newer version of this program wrote it: no waiting mends that.
        package var isNewer = false
        /// Whether the change contradicts what is there: no waiting mends that either.
        package var isContradiction = false
        /// Whether the disk had no room for it.
        package var isDiskFull = false
    }

    private let executor = QueueExecutor(label: "chunk-index")
    let database: Database
    /// Told what the index takes on the disk after each change, in bytes.
    private var didGrow: (@Sendable (Int64) -> Void)?
    package nonisolated let path: String

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens the index at a path, and makes or upgrades its tables; with `readOnly` it must be there and stays as it is.
    ///
    /// Blocks.
    package init(path: String, readOnly: Bool = false) throws(Failure) {
        self.path = path
        do throws(Database.Failure) { database = try Self.open(path, readOnly: readOnly) } catch {
            throw Failure(description: error.description, isDamage: error.isDamage, isNewer: error.isNewer)
        }
    }

    /// Of the log, in bytes: 128 pages.
    private static let logSize: Int64 = 524_288

    private static func open(_ path: String, readOnly: Bool) throws(Database.Failure) -> Database {
        let database = try Database(path: path, readOnly: readOnly)
        try database.refuseNewer(
            than: Schema.steps,
            "the index",
            "install that version, or move the file away: it is made anew from the chunks"
        )
        if readOnly { return database }
        // A small log: what the index takes counts in the quota.
        try database.execute(
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;
            PRAGMA wal_autocheckpoint = 128; PRAGMA journal_size_limit = \(logSize)
            """
        )
        try database.upgrade(by: Schema.steps)
        return database
    }

    /// The files of an index, and what they take on the disk at most while they grow.
    package static func files(of path: String) -> [String] { [path, "\(path)-wal", "\(path)-shm"] }

    /// Has `report` told what the index takes on the disk, now and after each change.
    package func reportSize(to report: @escaping @Sendable (Int64) -> Void) {
        didGrow = report
        tellSize()
    }

    private func tellSize() { didGrow?(Self.files(of: path).reduce(0) { $0 + FileSystem.allocated($1) }) }

    // MARK: The store itself

    /// The directory's identity; `nil` in a new index.
    package func storeID() throws(Failure) -> String? {
        try read { database throws(Database.Failure) in try database.query("SELECT id FROM store").first?.text(0) }
    }

    /// Whether the last process that had the index stopped in good order; a new one is as good as that.
    package func wasStoppedCleanly() throws(Failure) -> Bool {
        try read { database throws(Database.Failure) in
            try database.query("SELECT is_clean FROM store").first?.integer(0) != 0
        }
    }

    /// Writes the identity, and that a process has the index now.
    package func begin(store id: String) throws(Failure) {
        try write { database throws(Database.Failure) in
            try database.query("DELETE FROM store")
            try database.query("INSERT INTO store (id, is_clean) VALUES (?, 0)", .text(id))
        }
        reserveRoom()
    }

    /// What is deleted from a full disk is noted in the index first: so there has to be room for that.
    ///
    /// In the log alone: to open and close the index itself would lift SQLite's locks on it (sqlite.org, "How To Corrupt
    /// An SQLite Database File", 2.2).
    private func reserveRoom() {
        FileSystem.reserve(Self.logSize, for: "\(path)-wal")
        tellSize()
    }

    /// The process stops in good order: all is in the file.
    package func end() throws(Failure) {
        try write { database throws(Database.Failure) in try database.query("UPDATE store SET is_clean = 1") }
        try read { database throws(Database.Failure) in try database.execute("PRAGMA wal_checkpoint(TRUNCATE)") }
    }

    /// Looks through the whole file for damage; `nil` if there is none.
    package func damage() throws(Failure) -> String? {
        do throws(Failure) {
            let found = try read { database throws(Database.Failure) in
                try database.query("PRAGMA quick_check(1)").first?.text(0)
            }
            return found == "ok" ? nil : found ?? "no answer"
        } catch {
            if error.isDamage { return error.description }
            throw error
        }
    }

    // MARK: Access for the other files of this type

    func read<Result>(_ body: (Database) throws(Database.Failure) -> Result) throws(Failure) -> Result {
        do throws(Database.Failure) { return try body(database) } catch {
            throw Failure(
                description: error.description,
                isDamage: error.isDamage,
                isContradiction: error.isContradiction,
                isDiskFull: error.isDiskFull
            )
        }
    }

    /// One transaction; `durably` waits until the disk has it.
    @discardableResult
    func write<Result>(
        durably: Bool = false,
        _ body: (Database) throws(Database.Failure) -> Result
    ) throws(Failure) -> Result {
        defer { tellSize() }
        return try read { database throws(Database.Failure) in
            if durably { try database.execute("PRAGMA synchronous = FULL") }
            let result = Swift.Result { () throws(Database.Failure) in
                try database.transaction { () throws(Database.Failure) in try body(database) }
            }
            if durably { try database.execute("PRAGMA synchronous = NORMAL") }
            return try result.get()
        }
    }
}

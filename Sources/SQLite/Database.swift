// SPDX-License-Identifier: Apache-2.0
internal import CSQLite

/// One connection to an SQLite database.
///
/// Not for two threads at once: its owner sees to that.
package final class Database {
    /// What SQLite says went wrong, and in which statement; bound values are not in it.
    package struct Failure: Error, CustomStringConvertible {
        package let path: String
        package let statement: String
        package let text: String
        /// SQLite's primary result code.
        package var code: Int32 = SQLITE_ERROR
        /// A newer version of this program wrote it.
        package var isNewer = false

        package init(path: String, statement: String, text: String, code: Int32 = 1, isNewer: Bool = false) {
            (self.path, self.statement, self.text, self.code, self.isNewer) = (path, statement, text, code, isNewer)
        }

        package var description: String {
            statement.isEmpty ? "\(path): \(text)" : "\(path): \(text) (in: \(statement))"
        }

        package var isContradiction: Bool { code == SQLITE_CONSTRAINT }
        package var isDiskFull: Bool { code == SQLITE_FULL }

        /// Whether the file is no database, or one that is broken: not a matter of the disk or of permissions.
        package var isDamage: Bool { code == SQLITE_CORRUPT || code == SQLITE_NOTADB }
    }

    /// A value that can be bound to a parameter or read from a column.
    package enum Value {
        case integer(Int64)
        case text(String)
        case blob([UInt8])
        case null
    }

    private let path: String
    private let connection: OpaquePointer

    /// Opens, and creates if need be.
    ///
    /// Read-only connections neither create nor change anything.
    package init(path: String, readOnly: Bool = false) throws(Failure) {
        self.path = path
        var opened: OpaquePointer?
        let flags = (readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let text = opened.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
            sqlite3_close_v2(opened)
            throw Failure(path: path, statement: "open", text: text, code: code & 0xff)
        }
        connection = opened
        // A reader beside the daemon waits for it a moment, rather than failing.
        sqlite3_busy_timeout(connection, 5000)
    }

    deinit { sqlite3_close_v2(connection) }

    /// Runs one or more statements without parameters or results.
    package func execute(_ sql: String) throws(Failure) {
        guard sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else { throw failure(sql) }
    }

    /// Runs one statement and returns its rows.
    @discardableResult
    package func query(_ sql: String, _ parameters: Value...) throws(Failure) -> [Row] { try query(sql, parameters) }

    /// Runs one statement and returns its rows.
    @discardableResult
    package func query(_ sql: String, _ parameters: [Value]) throws(Failure) -> [Row] {
        var rows: [Row] = []
        try forEach(sql, parameters) { rows.append($0) }
        return rows
    }

    /// Runs one statement and hands out its rows one by one, for results that need not be in memory at once.
    package func forEach(_ sql: String, _ parameters: [Value] = [], _ body: (Row) -> Void) throws(Failure) {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(connection, sql, -1, &statement, nil) == SQLITE_OK else { throw failure(sql) }
        defer { sqlite3_finalize(statement) }
        for (index, parameter) in parameters.enumerated() {
            let position = Int32(index + 1)
            let code =
                switch parameter {
                case .integer(let number): sqlite3_bind_int64(statement, position, number)
                case .text(let text): martlet_sqlite_bind_text(statement, position, text, Int32(text.utf8.count))
                case .blob(let bytes): martlet_sqlite_bind_blob(statement, position, bytes, Int32(bytes.count))
                case .null: sqlite3_bind_null(statement, position)
                }
            guard code == SQLITE_OK else { throw failure(sql) }
        }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: body(Row(statement))
            case SQLITE_DONE: return
            default: throw failure(sql)
            }
        }
    }

    /// The key of the row that was inserted last.
    package var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(connection) }

    /// How many rows the last statement changed.
    package var changedRows: Int { Int(sqlite3_changes(connection)) }

    /// Runs `body` in one transaction: all of it or nothing.
    package func transaction<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        try execute("BEGIN IMMEDIATE")
        do throws(Failure) {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            // The first failure is the one to tell; after it SQLite may have rolled back by itself, and says so here.
            sqlite3_exec(connection, "ROLLBACK", nil, nil, nil)
            throw error
        }
    }

    /// Refuses what was written with more steps than these, and says `advice` besides.
    package func refuseNewer(than steps: [String], _ what: String, _ advice: String) throws(Failure) {
        let found = try userVersion()
        guard found > steps.count else { return }
        let text = "\(what) was written by a newer Martlet (version \(found); this one knows \(steps.count)); \(advice)"
        throw Failure(path: path, statement: "", text: text, isNewer: true)
    }

    /// Takes the steps that are missing, each in a transaction of its own.
    package func upgrade(by steps: [String]) throws(Failure) {
        let found = try userVersion()
        for (version, step) in steps.enumerated().dropFirst(max(0, Int(found))) {
            try transaction { () throws(Failure) in
                // Another process may have taken it meanwhile.
                guard try userVersion() == Int64(version) else { return }
                try execute(step)
                try execute("PRAGMA user_version = \(version + 1)")
            }
        }
    }

    /// The version of the schema, for the owner's use (`PRAGMA user_version`).
    package func userVersion() throws(Failure) -> Int64 { try query("PRAGMA user_version").first?.integer(0) ?? 0 }

    private func failure(_ sql: String) -> Failure {
        Failure(
            path: path,
            statement: sql,
            text: String(cString: sqlite3_errmsg(connection)),
            code: sqlite3_errcode(connection) & 0xff
        )
    }

    /// One row of a result, by the columns' order.
    package struct Row {
        private let values: [Value?]

        init(_ statement: OpaquePointer?) {
            values = (0..<sqlite3_column_count(statement)).map { column in
                switch sqlite3_column_type(statement, column) {
                case SQLITE_INTEGER: .integer(sqlite3_column_int64(statement, column))
                case SQLITE_TEXT: sqlite3_column_text(statement, column).map { .text(String(cString: $0)) }
                case SQLITE_BLOB:
                    .blob(
                        Array(
                            UnsafeRawBufferPointer(
                                start: sqlite3_column_blob(statement, column),
                                count: Int(sqlite3_column_bytes(statement, column))
                            )
                        )
                    )
                default: nil
                }
            }
        }

        package func integer(_ column: Int) -> Int64? {
            guard case .integer(let number) = values[column] else { return nil }
            return number
        }

        package func blob(_ column: Int) -> [UInt8]? {
            guard case .blob(let bytes) = values[column] else { return nil }
            return bytes
        }

        package func text(_ column: Int) -> String? {
            guard case .text(let text) = values[column] else { return nil }
            return text
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import CSQLite

/// One connection to an SQLite database.
///
/// Not for two threads at once: its owner sees to that.
final class Database {
    /// What SQLite says went wrong, and in which statement; bound values are not in it.
    struct Failure: Error, CustomStringConvertible {
        let path: String
        let statement: String
        let text: String

        var description: String { "\(path): \(text) (in: \(statement))" }
    }

    /// A value that can be bound to a parameter or read from a column.
    enum Value {
        case integer(Int64)
        case text(String)
    }

    private let path: String
    private let connection: OpaquePointer

    /// Opens, and creates if need be.
    ///
    /// Read-only connections neither create nor change anything.
    init(path: String, readOnly: Bool = false) throws(Failure) {
        self.path = path
        var opened: OpaquePointer?
        let flags = (readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let text = opened.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
            sqlite3_close_v2(opened)
            throw Failure(path: path, statement: "open", text: text)
        }
        connection = opened
        // A reader beside the daemon waits for it a moment, rather than failing.
        sqlite3_busy_timeout(connection, 5000)
    }

    deinit { sqlite3_close_v2(connection) }

    /// Runs one or more statements without parameters or results.
    func execute(_ sql: String) throws(Failure) {
        guard sqlite3_exec(connection, sql, nil, nil, nil) == SQLITE_OK else { throw failure(sql) }
    }

    /// Runs one statement and returns its rows.
    @discardableResult
    func query(_ sql: String, _ parameters: Value...) throws(Failure) -> [Row] {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(connection, sql, -1, &statement, nil) == SQLITE_OK else { throw failure(sql) }
        defer { sqlite3_finalize(statement) }
        for (index, parameter) in parameters.enumerated() {
            let position = Int32(index + 1)
            let code =
                switch parameter {
                case .integer(let number): sqlite3_bind_int64(statement, position, number)
                case .text(let text): martlet_sqlite_bind_text(statement, position, text, Int32(text.utf8.count))
                }
            guard code == SQLITE_OK else { throw failure(sql) }
        }
        var rows: [Row] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: rows.append(Row(statement))
            case SQLITE_DONE: return rows
            default: throw failure(sql)
            }
        }
    }

    /// The key of the row that was inserted last.
    var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(connection) }

    /// Runs `body` in one transaction: all of it or nothing.
    func transaction<Result>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
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

    /// The version of the schema, for the owner's use (`PRAGMA user_version`).
    func userVersion() throws(Failure) -> Int64 { try query("PRAGMA user_version").first?.integer(0) ?? 0 }

    private func failure(_ sql: String) -> Failure {
        Failure(path: path, statement: sql, text: String(cString: sqlite3_errmsg(connection)))
    }

    /// One row of a result, by the columns' order.
    struct Row {
        private let values: [Value?]

        init(_ statement: OpaquePointer?) {
            values = (0..<sqlite3_column_count(statement)).map { column in
                switch sqlite3_column_type(statement, column) {
                case SQLITE_INTEGER: .integer(sqlite3_column_int64(statement, column))
                case SQLITE_TEXT: sqlite3_column_text(statement, column).map { .text(String(cString: $0)) }
                default: nil
                }
            }
        }

        func integer(_ column: Int) -> Int64? {
            guard case .integer(let number) = values[column] else { return nil }
            return number
        }

        func text(_ column: Int) -> String? {
            guard case .text(let text) = values[column] else { return nil }
            return text
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import SQLite

/// Something that somebody did, as it is kept for those who are answerable for it.
package struct AuditEntry: Equatable, Sendable {
    package enum Action: String, CaseIterable, Sendable {
        case login
        case loginRefused = "login-refused"
        case logout
        case firstRun = "first-run"
        case sessionEnded = "session-ended"
        case download
        case export
        case protect
        case remove
        case recording
        case settings
        case userAdded = "user-added"
        case userChanged = "user-changed"
        case userRemoved = "user-removed"
        case tokenMade = "token-made"
        case tokenRevoked = "token-revoked"
    }

    /// Rises from entry to entry.
    package let id: Int64
    /// Seconds since 1970.
    package let time: Int64
    /// Empty for somebody unknown.
    package let user: String
    package let address: String
    package let action: Action
    /// What it was done to, in a few words.
    package let what: String
}

extension AccessStore {
    /// More would fill a card.
    ///
    /// Whoever may not come in can make entries too, and so crowd out only their like.
    private static func auditLimit(_ action: AuditEntry.Action) -> Int64 { action == .loginRefused ? 2000 : 20_000 }

    /// Notes what somebody did; the oldest entry goes when there are too many.
    package func note(
        _ action: AuditEntry.Action,
        _ what: String,
        by user: String,
        from address: String,
        at time: Int64
    ) throws(AccessFailure) {
        try with { database throws(Database.Failure) in
            try database.query(
                "INSERT INTO audit (time, user, address, action, what) VALUES (?, ?, ?, ?, ?)",
                .integer(time),
                .text(user),
                .text(address),
                .text(action.rawValue),
                .text(String(what.prefix(500)))
            )
            let isRefusal: Database.Value = .integer(action == .loginRefused ? 1 : 0)
            let sql = """
                DELETE FROM audit WHERE (action = 'login-refused') = ?1 AND id <= (
                    SELECT id FROM audit WHERE (action = 'login-refused') = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2
                )
                """
            _ = try database.query(sql, isRefusal, .integer(Self.auditLimit(action)))
        }
    }

    /// The newest entries, or those before one, the newest first.
    package func audit(limit: Int, before id: Int64 = .max) throws(AccessFailure) -> [AuditEntry] {
        try with { database throws(Database.Failure) in
            let sql = """
                SELECT id, time, user, address, action, what FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?
                """
            return try database.query(sql, .integer(id), .integer(Int64(limit))).compactMap(AuditEntry.init)
        }
    }
}

extension AuditEntry {
    fileprivate init?(_ row: Database.Row) {
        guard let id = row.integer(0), let time = row.integer(1), let user = row.text(2), let address = row.text(3),
            let action = row.text(4).flatMap(Action.init), let what = row.text(5)
        else { return nil }
        (self.id, self.time, self.user) = (id, time, user)
        (self.address, self.action, self.what) = (address, action, what)
    }
}

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
    private static let auditLimit: Int64 = 20_000
    /// What is done over and over is noted once in so many seconds.
    private static let repetition: Int64 = 3600

    /// Notes what somebody did; the oldest entry of its group goes when there are too many.
    ///
    /// The same of the same user is noted once an hour. So nobody crowds out what others did, or what another group did.
    package func note(
        _ action: AuditEntry.Action,
        _ what: String,
        by user: String,
        from address: String,
        at time: Int64
    ) throws(AccessFailure) {
        try with { database throws(Database.Failure) in
            try database.query(
                """
                INSERT INTO audit (time, user, address, action, what) SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (
                    SELECT 1 FROM audit WHERE time > ?1 - ?6 AND user = ?2 AND address = ?3 AND action = ?4 AND what = ?5
                )
                """,
                .integer(time),
                .text(user),
                .text(address),
                .text(action.rawValue),
                .text(Self.onOneLine(what)),
                .integer(action.isFootage ? Self.repetition : 0)
            )
            let group = action.group.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            let sql = """
                DELETE FROM audit WHERE action IN (\(group)) AND id <= (
                    SELECT id FROM audit WHERE action IN (\(group)) ORDER BY id DESC LIMIT 1 OFFSET ?
                )
                """
            _ = try database.query(sql, .integer(action == .loginRefused ? Self.auditLimit / 10 : Self.auditLimit))
        }
    }

    /// No entry looks like two.
    private static func onOneLine(_ text: String) -> String {
        String(
            text.map { $0.unicodeScalars.contains { $0.properties.generalCategory == .control } ? "?" : $0 }.prefix(500)
        )
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

extension AuditEntry.Action {
    /// What is done with footage, which operators do.
    fileprivate var isFootage: Bool { [.download, .export, .protect, .remove, .recording].contains(self) }

    /// The actions that crowd out one another: those of strangers, of operators, and the rest.
    fileprivate var group: [Self] {
        if self == .loginRefused { return [self] }
        return Self.allCases.filter { $0 != .loginRefused && $0.isFootage == isFootage }
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

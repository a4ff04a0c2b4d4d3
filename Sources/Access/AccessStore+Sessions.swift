// SPDX-License-Identifier: Apache-2.0
internal import SQLite

/// Somebody who has logged in to the page, from one browser.
package struct Session: Equatable, Sendable {
    /// Names it without opening it: a part of the digest of what the browser shows.
    package let id: String
    package let user: String
    /// Seconds since 1970.
    package let created: Int64
    package let expires: Int64
    package let address: String
    /// The browser, as it calls itself.
    package let agent: String
}

extension AccessStore {
    /// Sessions of one user; the oldest goes for one more.
    private static let sessionLimit = 64

    /// Begins a session and returns what the browser is to show: 256 bits of chance, which are nowhere kept.
    ///
    /// `nil` if the password of `person` is not the user's any more.
    package func openSession(
        for person: Guests.Person,
        seconds: Int64,
        from address: String,
        with agent: String,
        at now: Int64
    ) throws(AccessFailure) -> String? {
        let hash = person.hash.text
        let text = try openSession(for: person.user.name, seconds: seconds, from: address, with: agent, at: now)
        // Nothing comes between the two: this store has one owner, and another process's change is seen here or ends it.
        let isSame = try with { database throws(Database.Failure) in
            let sql = "SELECT 1 FROM users WHERE name = ? AND hash = ?"
            return try !database.query(sql, .text(person.user.name), .text(hash)).isEmpty
        }
        if isSame { return text }
        try closeSession(text)
        return nil
    }

    /// The same, for somebody of whom nothing has to be asked.
    package func openSession(
        for user: String,
        seconds: Int64,
        from address: String,
        with agent: String,
        at now: Int64
    ) throws(AccessFailure) -> String {
        let text = Sodium.random(32).lowercaseHexadecimal
        let digest = DeviceToken.digest(of: text)
        try with { database throws(Database.Failure) in
            try database.query("DELETE FROM sessions WHERE expires <= ?", .integer(now))
            try database.query(
                """
                DELETE FROM sessions WHERE user = ? AND digest NOT IN
                    (SELECT digest FROM sessions WHERE user = ? ORDER BY created DESC LIMIT ?)
                """,
                .text(user),
                .text(user),
                .integer(Int64(Self.sessionLimit - 1))
            )
            try database.query(
                "INSERT INTO sessions (digest, user, created, expires, address, agent) VALUES (?, ?, ?, ?, ?, ?)",
                .blob(digest),
                .text(user),
                .integer(now),
                .integer(now + seconds),
                .text(address),
                .text(String(agent.prefix(200)))
            )
        }
        return text
    }

    /// Whose session it is, with the role of now; `nil` if there is none, or none any more.
    package func user(ofSession text: String, at now: Int64) throws(AccessFailure) -> User? {
        let digest = DeviceToken.digest(of: text)
        return try with { database throws(Database.Failure) in
            let sql = """
                SELECT name, role, users.created FROM sessions JOIN users ON users.name = sessions.user
                WHERE digest = ? AND expires > ?
                """
            return try database.query(sql, .blob(digest), .integer(now)).first.flatMap(User.init)
        }
    }

    /// The browser has logged out.
    package func closeSession(_ text: String) throws(AccessFailure) {
        let digest = DeviceToken.digest(of: text)
        try with { database throws(Database.Failure) in
            _ = try database.query("DELETE FROM sessions WHERE digest = ?", .blob(digest))
        }
    }

    /// Ends one of a user's sessions; `false` if there is none such.
    package func closeSession(id: String, of user: String) throws(AccessFailure) -> Bool {
        try with { database throws(Database.Failure) in
            try database.query(
                "DELETE FROM sessions WHERE user = ? AND lower(hex(substr(digest, 1, 8))) = ?",
                .text(user),
                .text(id)
            )
            return database.changedRows > 0
        }
    }

    /// A user has logged out everywhere.
    package func closeSessions(of user: String) throws(AccessFailure) {
        try with { database throws(Database.Failure) in
            _ = try database.query("DELETE FROM sessions WHERE user = ?", .text(user))
        }
    }

    /// A user's sessions, the newest first.
    package func sessions(of user: String, at now: Int64) throws(AccessFailure) -> [Session] {
        try with { database throws(Database.Failure) in
            let sql = """
                SELECT user, created, expires, address, agent, digest FROM sessions WHERE user = ? AND expires > ?
                ORDER BY created DESC
                """
            return try database.query(sql, .text(user), .integer(now)).compactMap(Session.init)
        }
    }
}

extension Session {
    /// The session that a browser shows, by its text.
    package static func id(of text: String) -> String { id(ofDigest: DeviceToken.digest(of: text)) }

    private static func id(ofDigest digest: [UInt8]) -> String { Array(digest.prefix(8)).lowercaseHexadecimal }

    fileprivate init?(_ row: Database.Row) {
        guard let user = row.text(0), let created = row.integer(1), let expires = row.integer(2),
            let address = row.text(3), let agent = row.text(4), let digest = row.blob(5)
        else { return nil }
        id = Self.id(ofDigest: digest)
        (self.user, self.created, self.expires) = (user, created, expires)
        (self.address, self.agent) = (address, agent)
    }
}

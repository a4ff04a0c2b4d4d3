// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import SQLite

/// Who may do what: people and devices, in a directory that is the daemon's alone.
///
/// Several processes may have it open: the daemon, and the command that changes it.
package actor AccessStore {
    private let executor = QueueExecutor(label: "access")
    private let database: Database
    private let key: SealingKey
    /// Which file it is.
    private let identity: [UInt64]
    package nonisolated let directory: String

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens it, and makes what is not there yet; blocks.
    package init(directory: String) throws(AccessFailure) {
        self.directory = directory
        try Self.makeFolder(directory)
        let path = "\(directory)/access.sqlite"
        // SQLite makes its other files with the mode of this one.
        let file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw AccessFailure("open", path) }
        close(file)
        key = try SealingKey(file: "\(directory)/access.key")
        do throws(Database.Failure) { database = try Self.database(at: path) } catch { throw AccessFailure(error) }
        try Self.giveToOwner(of: directory)
        identity = Self.identity(of: path)
    }

    /// Device and number of a file; empty if there is none.
    private static func identity(of path: String) -> [UInt64] {
        var status = stat()
        return lstat(path, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : []
    }

    private static func database(at path: String) throws(Database.Failure) -> Database {
        let database = try Database(path: path)
        try database.refuseNewer(than: AccessSchema.steps, "it", "install that version")
        try database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON")
        try database.upgrade(by: AccessSchema.steps)
        return database
    }

    private static func makeFolder(_ path: String) throws(AccessFailure) {
        guard mkdir(path, 0o700) != 0 else {
            // The command, as root, before the daemon ever ran: its folder is whose the one above is.
            var above = stat()
            guard geteuid() == 0, stat("\(path)/..", &above) == 0, above.st_uid != 0 else { return }
            guard lchown(path, above.st_uid, above.st_gid) == 0 else { throw AccessFailure("give away", path) }
            return
        }
        guard errno == EEXIST else { throw AccessFailure("make", path) }
    }

    /// What root makes by the command is the daemon's all the same.
    private static func giveToOwner(of directory: String) throws(AccessFailure) {
        var status = stat()
        guard geteuid() == 0, stat(directory, &status) == 0, status.st_uid != 0 else { return }
        for name in ["access.sqlite", "access.sqlite-wal", "access.sqlite-shm", "access.key"] {
            let path = "\(directory)/\(name)"
            guard lchown(path, status.st_uid, status.st_gid) == 0 || errno == ENOENT else {
                throw AccessFailure("give away", path)
            }
        }
    }

    func with<Result>(_ body: (Database) throws(Database.Failure) -> Result) throws(AccessFailure) -> Result {
        do throws(Database.Failure) { return try body(database) } catch { throw AccessFailure(error) }
    }

    // MARK: People

    /// By name.
    package func users() throws(AccessFailure) -> [User] {
        try with { database throws(Database.Failure) in
            try database.query("SELECT name, role, created FROM users ORDER BY name").compactMap(User.init)
        }
    }

    /// Adds somebody; blocks for a good part of a second.
    ///
    /// - Throws: ``AccessFailure`` if the name or the password will not do, or if there is such a user.
    package func add(_ name: String, role: Role, password: String, at time: Int64) throws(AccessFailure) {
        try Self.checkName(name)
        guard try !users().contains(where: { $0.name == name }) else {
            throw AccessFailure(description: "there is a user '\(name)' already")
        }
        let (hash, secret) = try hashes(of: password, name)
        let added = try with { database throws(Database.Failure) in
            try database.query(
                "INSERT OR IGNORE INTO users (name, role, created, hash, secret) VALUES (?, ?, ?, ?, ?)",
                .text(name),
                .text(role.rawValue),
                .integer(time),
                .text(hash),
                .blob(secret)
            )
            return database.changedRows
        }
        // Another command may have been quicker.
        guard added == 1 else { throw AccessFailure(description: "there is a user '\(name)' already") }
    }

    /// Keeps a password that is right with the parameters of now; blocks for a good part of a second.
    ///
    /// A password that has become another meanwhile stays that.
    package func renewHash(of name: String, password: String) throws(AccessFailure) {
        let hashes = try with { database throws(Database.Failure) in
            try database.query("SELECT hash FROM users WHERE name = ?", .text(name))
        }
        guard let former = hashes.first?.text(0), PasswordHash(text: former).matches(password) else { return }
        let hash: PasswordHash
        do throws(PasswordHash.OutOfMemory) { hash = try PasswordHash(of: password) } catch {
            throw AccessFailure(description: error.description)
        }
        try with { database throws(Database.Failure) in
            _ = try database.query(
                "UPDATE users SET hash = ? WHERE name = ? AND hash = ?",
                .text(hash.text),
                .text(name),
                .text(former)
            )
        }
    }

    /// Who is logged in with the former one is no longer.
    package func setPassword(_ password: String, of name: String) throws(AccessFailure) {
        try change(name, role: nil, password: password)
    }

    package func setRole(_ role: Role, of name: String) throws(AccessFailure) {
        try change(name, "UPDATE users SET role = ? WHERE name = ?", .text(role.rawValue))
    }

    package func remove(_ name: String) throws(AccessFailure) { try remove(name, leavingAnAdmin: false) }

    /// Adds the first user, an admin; `false` if there is one already.
    package func addFirst(_ name: String, password: String, at time: Int64) throws(AccessFailure) -> Bool {
        try Self.checkName(name)
        let (hash, secret) = try hashes(of: password, name)
        return try with { database throws(Database.Failure) in
            try database.query(
                """
                INSERT INTO users (name, role, created, hash, secret)
                SELECT ?, 'admin', ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM users)
                """,
                .text(name),
                .integer(time),
                .text(hash),
                .blob(secret)
            )
            return database.changedRows > 0
        }
    }

    /// Changes somebody's role, password or both, all or none; who is logged in with a former password is no longer.
    ///
    /// - Throws: also if no admin would be left.
    package func change(_ name: String, role: Role?, password: String?) throws(AccessFailure) {
        try mustExist(name)
        var new: (hash: String, secret: [UInt8])?
        if let password { new = try hashes(of: password, name) }
        let changed = try with { database throws(Database.Failure) in
            try database.transaction { () throws(Database.Failure) -> Int in
                try database.query(
                    """
                    UPDATE users SET role = coalesce(?1, role), hash = coalesce(?2, hash), secret = coalesce(?3, secret)
                    WHERE name = ?4 AND (coalesce(?1, 'admin') = 'admin' OR \(Self.leavesAnAdmin))
                    """,
                    role.map { .text($0.rawValue) } ?? .null,
                    new.map { .text($0.hash) } ?? .null,
                    new.map { .blob($0.secret) } ?? .null,
                    .text(name)
                )
                let count = database.changedRows
                if count > 0, new != nil { try database.query("DELETE FROM sessions WHERE user = ?", .text(name)) }
                return count
            }
        }
        guard changed > 0 else { throw Self.lastAdmin(name) }
    }

    /// The same for somebody who is to go.
    package func remove(_ name: String, leavingAnAdmin: Bool) throws(AccessFailure) {
        try mustExist(name)
        let condition = leavingAnAdmin ? "AND \(Self.leavesAnAdmin)" : ""
        let removed = try with { database throws(Database.Failure) in
            try database.query("DELETE FROM users WHERE name = ? \(condition)", .text(name))
            return database.changedRows
        }
        guard removed > 0 else { throw Self.lastAdmin(name) }
    }

    private static let leavesAnAdmin =
        "(role <> 'admin' OR (SELECT count(*) FROM users WHERE role = 'admin') > 1)"

    private static func lastAdmin(_ name: String) -> AccessFailure {
        AccessFailure(description: "'\(name)' is the only admin: make another one first")
    }

    /// - Throws: ``AccessFailure`` that says who there is.
    package func mustExist(_ name: String) throws(AccessFailure) {
        let names = try users().map(\.name)
        guard !names.contains(name) else { return }
        let hint = names.isEmpty ? "there is none yet" : "there are \(names.joined(separator: ", "))"
        throw AccessFailure(description: "there is no user '\(name)'; \(hint)")
    }

    private static func checkName(_ name: String) throws(AccessFailure) {
        guard User.isName(name) else {
            throw AccessFailure(
                description: "'\(name)' is no name: letters a–z and A–Z, digits, '.', '_', '-' and '@', at most 64"
            )
        }
    }

    private func change(_ name: String, _ sql: String, _ values: Database.Value...) throws(AccessFailure) {
        let count = try with { database throws(Database.Failure) in
            try database.query(sql, values + [.text(name)])
            return database.changedRows
        }
        if count == 0 { try mustExist(name) }
    }

    private func hashes(of password: String, _ name: String) throws(AccessFailure) -> (String, [UInt8]) {
        if let objection = PasswordRules.objection(to: password, of: name) {
            throw AccessFailure(description: objection)
        }
        do throws(PasswordHash.OutOfMemory) {
            let hash = try PasswordHash(of: password)
            return (hash.text, key.seal(DigestSecret(user: name, password: password).text))
        } catch { throw AccessFailure(description: error.description) }
    }

    // MARK: Devices

    /// By camera and age.
    package func tokens() throws(AccessFailure) -> [DeviceToken] {
        let key = key
        return try with { database throws(Database.Failure) in
            try database.query(
                "SELECT id, camera, rights, created, digest, secret FROM tokens ORDER BY camera, created"
            )
            .compactMap { DeviceToken($0, key) }
        }
    }

    /// Makes a token and returns its text, which is nowhere kept.
    package func issue(for camera: String, rights: DeviceToken.Rights, at time: Int64) throws(AccessFailure) -> String {
        let (token, text) = DeviceToken.issue(camera: camera, rights: rights, at: time)
        let secret = key.seal(token.secret.text)
        try with { database throws(Database.Failure) in
            _ = try database.query(
                "INSERT INTO tokens (id, camera, rights, created, digest, secret) VALUES (?, ?, ?, ?, ?, ?)",
                .text(token.id),
                .text(camera),
                .text(rights.rawValue),
                .integer(time),
                .blob(token.digest),
                .blob(secret)
            )
        }
        return text
    }

    /// Ends a token, and whatever goes on with it.
    package func revoke(_ id: String) throws(AccessFailure) {
        let count = try with { database throws(Database.Failure) in
            try database.query("DELETE FROM tokens WHERE id = ?", .text(id))
            return database.changedRows
        }
        guard count == 0 else { return }
        let ids = try tokens().map(\.id)
        let hint = ids.isEmpty ? "there is none yet" : "there are \(ids.joined(separator: ", "))"
        throw AccessFailure(description: "there is no token '\(id)'; \(hint)")
    }

    // MARK: All of it

    /// All that is needed to let somebody in, as it is now.
    package func guests() throws(AccessFailure) -> Guests {
        let key = key
        let people = try with { database throws(Database.Failure) in
            try database.query("SELECT name, role, created, hash, secret FROM users").compactMap {
                row -> Guests.Person? in
                guard let user = User(row), let hash = row.text(3), let sealed = row.blob(4) else { return nil }
                return Guests.Person(
                    user: user,
                    hash: PasswordHash(text: hash),
                    // With another key nobody answers Digest; passwords do as before.
                    secret: key.open(sealed: sealed).map(DigestSecret.init(text:))
                )
            }
        }
        return Guests(people: people, tokens: try tokens())
    }

    /// Changes whenever anybody has changed something: another process (`PRAGMA data_version`), or this one.
    ///
    /// - Throws: ``AccessFailure`` also if the file is no longer the one that was opened, as after a backup was put back.
    package func version() throws(AccessFailure) -> Int64 {
        let path = "\(directory)/access.sqlite"
        guard Self.identity(of: path) == identity else {
            throw AccessFailure(description: "\(path) is gone, or is another file")
        }
        return try with { database throws(Database.Failure) in
            let others = try database.query("PRAGMA data_version").first?.integer(0) ?? 0
            let own = try database.query("SELECT total_changes()").first?.integer(0) ?? 0
            return others << 32 | own & 0xFFFF_FFFF
        }
    }
}

/// The tables, as steps from each version to the next; a released step is never changed.
private enum AccessSchema {
    static let steps = [
        """
        CREATE TABLE users (
            name TEXT PRIMARY KEY NOT NULL,
            role TEXT NOT NULL,             -- viewer, operator, admin
            created INTEGER NOT NULL,       -- seconds since 1970
            hash TEXT NOT NULL,             -- Argon2id of the password, with salt and parameters
            secret BLOB NOT NULL            -- MD5 of name, realm and password for RTSP's Digest, sealed with access.key
        ) STRICT;
        CREATE TABLE tokens (
            id TEXT PRIMARY KEY NOT NULL,
            camera TEXT NOT NULL,
            rights TEXT NOT NULL,           -- read, publish, both
            created INTEGER NOT NULL,       -- seconds since 1970
            digest BLOB NOT NULL,           -- SHA-256 of the token
            secret BLOB NOT NULL            -- as of users, with the camera for a name
        ) STRICT
        """,
        """
        CREATE TABLE sessions (
            digest BLOB PRIMARY KEY NOT NULL,   -- SHA-256 of what the browser shows
            user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE ON UPDATE CASCADE,
            created INTEGER NOT NULL,           -- seconds since 1970
            expires INTEGER NOT NULL,
            address TEXT NOT NULL,              -- from where it was opened
            agent TEXT NOT NULL                 -- with what, as that calls itself
        ) STRICT
        """,
        """
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,          -- seconds since 1970
            user TEXT NOT NULL,             -- '' for somebody unknown
            address TEXT NOT NULL,
            action TEXT NOT NULL,
            what TEXT NOT NULL
        ) STRICT
        """,
    ]
}

extension User {
    init?(_ row: Database.Row) {
        guard let name = row.text(0), let role = row.text(1).flatMap(Role.init), let created = row.integer(2) else {
            return nil
        }
        self.init(name: name, role: role, created: created)
    }
}

extension DeviceToken {
    fileprivate init?(_ row: Database.Row, _ key: SealingKey) {
        guard let id = row.text(0), let camera = row.text(1), let rights = row.text(2).flatMap(Rights.init),
            let created = row.integer(3), let digest = row.blob(4), let sealed = row.blob(5)
        else { return nil }
        self.init(
            id: id,
            camera: camera,
            rights: rights,
            created: created,
            digest: digest,
            secret: DigestSecret(text: key.open(sealed: sealed) ?? "")
        )
    }
}

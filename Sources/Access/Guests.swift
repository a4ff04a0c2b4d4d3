// SPDX-License-Identifier: Apache-2.0

/// Everybody who may come in, as they were at one moment: asked on any thread, without waiting for a database.
package struct Guests: Sendable {
    package struct Person: Equatable, Sendable {
        package let user: User
        let hash: PasswordHash
        let secret: DigestSecret?

        /// Whether this one has the same password: another hash may be of the same.
        fileprivate func hasPassword(of other: Person) -> Bool {
            hash == other.hash || secret != nil && secret?.text.isEmpty == false && secret == other.secret
        }
    }

    /// Somebody who has shown who it is.
    package enum Guest: Equatable, Sendable {
        /// With the password as it was then.
        case person(Person)
        case device(DeviceToken)

        /// Whether a camera's live video is for this one.
        package func mayRead(_ camera: String) -> Bool {
            switch self {
            case .person: true
            case .device(let token): token.camera == camera && token.rights.mayRead
            }
        }

        /// Who should have a new hash, since it was made with other parameters than are used now; `nil` for nobody.
        package var isOutdated: String? {
            if case .person(let person) = self, person.hash.isOutdated() { person.user.name } else { nil }
        }

        package func mayPublish(_ camera: String) -> Bool {
            switch self {
            case .person: false
            case .device(let token): token.camera == camera && token.rights.mayPublish
            }
        }

        /// For the log.
        package var name: String {
            switch self {
            case .person(let person): person.user.name
            case .device(let token): "token \(token.id) of \(token.camera)"
            }
        }
    }

    private let people: [String: Person]
    private let tokens: [DeviceToken]

    package static let nobody = Guests(people: [], tokens: [])

    /// Nobody knows who may come in, so nobody may: not even this machine.
    package static let unknown = Guests(people: [], tokens: [], isKnown: false)

    package let isKnown: Bool

    init(people: [Person], tokens: [DeviceToken], isKnown: Bool = true) {
        // A database that was changed by hand may have two that are the same to Swift.
        self.people = Dictionary(people.map { ($0.user.name, $0) }) { one, _ in one }
        (self.tokens, self.isKnown) = (tokens, isKnown)
        // Made now: the first to ask as nobody would wait for it, and learn by that who is not there.
        if !people.isEmpty { _ = Self.decoy }
    }

    /// Whether there is neither user nor token.
    package var isEmpty: Bool { isKnown && people.isEmpty && tokens.isEmpty }

    /// Who answers a Digest challenge so (RFC 2617); `nil` for nobody.
    package func digest(user: String, method: String, uri: String, nonce: String, response: String) -> Guest? {
        let given = Array(response.lowercased().utf8)
        func isRight(_ secret: DigestSecret?) -> Bool {
            guard let secret, !secret.text.isEmpty else { return false }
            return Sodium.areEqual(Array(secret.response(method: method, uri: uri, nonce: nonce).utf8), given)
        }
        // As much is computed for nobody as for somebody: the time must not tell who is there.
        let person = people[user]
        if isRight(person?.secret ?? Self.decoySecret), let person, person.secret != nil {
            return .person(person)
        }
        return tokens.first { $0.camera == user && isRight($0.secret) }.map(Guest.device)
    }

    /// Whose name and password these are; blocks for a good part of a second, whether there is such a user or not.
    package func password(user: String, _ password: String) -> Guest? {
        if let device = device(user: user, password) { return device }
        guard let person = people[user] else {
            // As long as for somebody who is there: the time must not tell who is.
            _ = Self.decoy?.matches(password)
            return nil
        }
        return person.hash.matches(password) ? .person(person) : nil
    }

    /// Whose name and token these are; takes no time.
    package func device(user: String, _ password: String) -> Guest? {
        token(password).flatMap { $0.camera == user ? .device($0) : nil }
    }

    /// Whose token this is.
    package func token(_ text: String) -> DeviceToken? { tokens.first { $0.matches(text) } }

    /// Whether somebody who came in before may still be there: a new password ends what goes on with the former one.
    package func contains(_ guest: Guest) -> Bool {
        switch guest {
        case .person(let person): people[person.user.name]?.hasPassword(of: person) ?? false
        case .device(let token): tokens.contains { $0.id == token.id }
        }
    }

    private static let decoySecret = DigestSecret(user: "nobody", password: "nobody's password")

    private static let decoy = Result { try PasswordHash(of: "nobody's password") }.success
}

extension Result {
    fileprivate var success: Success? { if case .success(let value) = self { value } else { nil } }
}

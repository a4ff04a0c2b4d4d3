// SPDX-License-Identifier: Apache-2.0

/// Everybody who may come in, as they were at one moment: asked on any thread, without waiting for a database.
package struct Guests: Sendable {
    struct Person: Sendable {
        let user: User
        let hash: PasswordHash
        let secret: DigestSecret?
    }

    /// Somebody who has shown who it is.
    package enum Guest: Equatable, Sendable {
        case person(User)
        case device(DeviceToken)

        /// Whether a camera's live video is for this one.
        package func mayRead(_ camera: String) -> Bool {
            switch self {
            case .person: true
            case .device(let token): token.camera == camera && token.rights.mayRead
            }
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
            case .person(let user): user.name
            case .device(let token): "token \(token.id) of \(token.camera)"
            }
        }
    }

    private let people: [String: Person]
    private let tokens: [DeviceToken]

    package static let nobody = Guests(people: [], tokens: [])

    init(people: [Person], tokens: [DeviceToken]) {
        self.people = Dictionary(uniqueKeysWithValues: people.map { ($0.user.name, $0) })
        self.tokens = tokens
    }

    package var isEmpty: Bool { people.isEmpty && tokens.isEmpty }

    /// Who answers a Digest challenge so (RFC 2617); `nil` for nobody.
    package func digest(user: String, method: String, uri: String, nonce: String, response: String) -> Guest? {
        let given = Array(response.lowercased().utf8)
        func isRight(_ secret: DigestSecret?) -> Bool {
            guard let secret, !secret.text.isEmpty else { return false }
            return Sodium.areEqual(Array(secret.response(method: method, uri: uri, nonce: nonce).utf8), given)
        }
        if let person = people[user], isRight(person.secret) { return .person(person.user) }
        return tokens.first { $0.camera == user && isRight($0.secret) }.map(Guest.device)
    }

    /// Whose name and password these are; blocks for a good part of a second, whether there is such a user or not.
    package func password(user: String, _ password: String) -> Guest? {
        if let token = token(password), token.camera == user { return .device(token) }
        guard let person = people[user] else {
            // As long as for somebody who is there: the time must not tell who is.
            _ = Self.decoy?.matches(password)
            return nil
        }
        return person.hash.matches(password) ? .person(person.user) : nil
    }

    /// Whose token this is.
    package func token(_ text: String) -> DeviceToken? { tokens.first { $0.matches(text) } }

    /// Whether somebody who came in before may still be there.
    package func contains(_ guest: Guest) -> Bool {
        switch guest {
        case .person(let user): people[user.name] != nil
        case .device(let token): tokens.contains { $0.id == token.id }
        }
    }

    private static let decoy = Result { try PasswordHash(of: "nobody's password") }.success
}

extension Result {
    fileprivate var success: Success? { if case .success(let value) = self { value } else { nil } }
}

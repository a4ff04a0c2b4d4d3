// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Configuration
internal import Footage
internal import HTTP

/// Users and tokens, for those who may change them.
enum PeopleRoutes {
    static let routes = [
        Route(.get, "/users", .role(.admin), "The people who may log in") { call in
            HTTPResponse(json: try await call.backend.access().users().map(ListedUser.init))
        },
        Route(.post, "/users", .role(.admin), "Let somebody log in") { call in
            let new = try call.body(NewUser.self)
            try await change(call) {
                try await $0.add(new.name, role: new.role, password: new.password, at: now)
            }
            return HTTPResponse(201, json: ListedUser(name: new.name, role: new.role, since: since(now)))
        }
        .noted(.userAdded) { call in
            let new = try? call.body(NewUser.self)
            return "\(new?.name ?? "") (\(new?.role.rawValue ?? ""))"
        },
        Route(.patch, "/users/{name}", .role(.admin), "Change a role or a password") { call in
            let new = try call.body(ChangedUser.self)
            guard new.role != nil || new.password != nil else { throw Problem(422, "there is nothing to change") }
            try await mustExist(call)
            try await change(call) { try await $0.change(call["name"], role: new.role, password: new.password) }
            return HTTPResponse(204)
        }
        .noted(.userChanged) { call in
            let new = try? call.body(ChangedUser.self)
            let what = [new?.role?.rawValue, new?.password.map { _ in "password" }].compactMap { $0 }
            return "\(call["name"]): \(what.joined(separator: ", "))"
        },
        Route(.delete, "/users/{name}", .role(.admin), "Let somebody log in no longer") { call in
            try await mustExist(call)
            try await change(call) { try await $0.remove(call["name"], leavingAnAdmin: true) }
            return HTTPResponse(204)
        }
        .noted(.userRemoved),
        Route(.get, "/users/{name}/sessions", .role(.admin), "Where somebody is logged in") { call in
            try await mustExist(call)
            let sessions = try await call.backend.access().sessions(of: call["name"], at: now)
            return HTTPResponse(json: sessions.map { ListedSession($0, in: call) })
        },
        Route(.delete, "/users/{name}/sessions", .role(.admin), "Log somebody out everywhere") { call in
            try await mustExist(call)
            try await change(call) { try await $0.closeSessions(of: call["name"]) }
            return HTTPResponse(204)
        }
        .noted(.sessionEnded) { "\($0["name"]), everywhere" },
        Route(.get, "/tokens", .role(.admin), "The tokens of devices") { call in
            HTTPResponse(json: try await call.backend.access().tokens().map(ListedToken.init))
        },
        Route(.post, "/tokens", .role(.admin), "Make a token for a device") { call in
            let new = try call.body(NewToken.self)
            do throws(InvalidValue) { _ = try CameraName(parsing: new.camera) } catch {
                throw Problem(422, "'\(new.camera.prefix(70))' is no camera's name: letters a–z, digits and '-'")
            }
            let text = try await call.backend.access().issue(for: new.camera, rights: new.rights, at: now)
            return HTTPResponse(201, json: ["token": text])
        }
        .noted(.tokenMade) { call in
            let new = try? call.body(NewToken.self)
            return "\(new?.camera ?? "") (\(new?.rights.rawValue ?? ""))"
        },
        Route(.delete, "/tokens/{id}", .role(.admin), "End a token, and what goes on with it") { call in
            guard try await call.backend.access().tokens().contains(where: { $0.id == call["id"] }) else {
                throw Problem(404, "there is no token '\(call["id"])'")
            }
            try await change(call) { try await $0.revoke(call["id"]) }
            return HTTPResponse(204)
        }
        .noted(.tokenRevoked),
    ]

    private struct ListedUser: Encodable {
        let name: String
        let role: Role
        let since: String

        init(_ user: User) { self.init(name: user.name, role: user.role, since: PeopleRoutes.since(user.created)) }

        init(name: String, role: Role, since: String) { (self.name, self.role, self.since) = (name, role, since) }
    }

    private struct NewUser: Decodable {
        let name: String
        let role: Role
        let password: String
    }

    private struct ChangedUser: Decodable {
        let role: Role?
        let password: String?
    }

    private struct ListedToken: Encodable {
        let id: String
        let camera: String
        let rights: String
        let since: String

        init(_ token: DeviceToken) {
            (id, camera, rights) = (token.id, token.camera, token.rights.rawValue)
            since = PeopleRoutes.since(token.created)
        }
    }

    private struct NewToken: Decodable {
        let camera: String
        let rights: DeviceToken.Rights

        private enum CodingKeys: String, CodingKey { case camera, rights }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            camera = try container.decode(String.self, forKey: .camera)
            let text = try container.decode(String.self, forKey: .rights)
            guard let rights = DeviceToken.Rights(rawValue: text) else {
                throw DecodingError.dataCorruptedError(forKey: .rights, in: container, debugDescription: text)
            }
            self.rights = rights
        }
    }

    private static var now: Int64 { UTCTime.now.nanoseconds / 1_000_000_000 }

    private static func since(_ seconds: Int64) -> String { UTCTime(nanoseconds: seconds * 1_000_000_000).rfc3339 }

    private static func mustExist(_ call: Call) async throws {
        let access = try await call.backend.access()
        do throws(AccessFailure) { try await access.mustExist(call["name"]) } catch {
            throw Problem(404, error.description)
        }
    }

    /// What the store of users says is for the caller to mend.
    private static func change(_ call: Call, _ body: (AccessStore) async throws -> Void) async throws {
        let access = try await call.backend.access()
        do { try await body(access) } catch let failure as AccessFailure { throw Problem(422, failure.description) }
    }
}

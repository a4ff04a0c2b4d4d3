// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Dispatch
internal import Footage
internal import GLib
internal import GStreamer
internal import HTTP
internal import Synchronization

/// Logging in and out.
final class SessionRoutes: Sendable {
    private let throttle = Mutex(LoginThrottle())
    /// Passwords take long to check, on purpose; two at a time leave room for everything else.
    private let queue = DispatchQueue(label: "passwords", attributes: .concurrent)
    private let checks = Mutex(0)
    private static let checkLimit = 2

    var routes: [Route] {
        [
            Route(.get, "/session", .anybody, "Who is logged in") { call in
                // Whoever opens the page is about to watch.
                WebRTCPeer.prepare()
                return HTTPResponse(json: try await Self.state(of: call))
            },
            Route(.post, "/session", .anybody, "Log in") { [self] call in try await logIn(call) },
            Route(.delete, "/session", .anybody, "Log out") { call in try await Self.logOut(call) },
            Route(.post, "/first-run", .anybody, "Make the first user, on this machine alone") { [self] call in
                try await makeFirst(call)
            },
            Route(.get, "/sessions", .role(.viewer), "Where one is logged in") { call in
                guard case .user(let user) = call.caller else { return HTTPResponse(json: [ListedSession]()) }
                let sessions = try await call.backend.access().sessions(of: user.name, at: Self.now)
                return HTTPResponse(json: sessions.map { ListedSession($0, in: call) })
            },
            Route(.delete, "/sessions", .role(.viewer), "Log out everywhere") { call in
                if case .user(let user) = call.caller { try await call.backend.access().closeSessions(of: user.name) }
                return HTTPResponse(204, [("Set-Cookie", Self.cookie("", seconds: 0, call.request))])
            }
            .noted(.sessionEnded) { _ in "everywhere" },
            Route(.delete, "/sessions/{id}", .role(.viewer), "End one of one's sessions") { call in
                guard case .user(let user) = call.caller,
                    try await call.backend.access().closeSession(id: call["id"], of: user.name)
                else { throw Problem(404, "you have no such session") }
                return HTTPResponse(204)
            }
            .noted(.sessionEnded),
        ]
    }

    private static var now: Int64 { UTCTime.now.nanoseconds / 1_000_000_000 }

    private struct State: Encodable {
        var state: String
        var user: String?
        var role: Role?
    }

    private struct Login: Decodable {
        let username: String
        let password: String
    }

    private static func state(of call: Call) async throws -> State {
        if case .user(let user) = call.caller { return State(state: "logged-in", user: user.name, role: user.role) }
        guard try await call.backend.access().users().isEmpty else { return State(state: "logged-out") }
        return State(state: call.request.isFromThisMachine ? "first-run" : "closed")
    }

    private func logIn(_ call: Call) async throws -> HTTPResponse {
        let login = try call.body(Login.self)
        let from = call.request.address
        let address = LoginThrottle.network(of: from)
        let delay = throttle.withLock { $0.delay(of: login.username, from: address, at: Self.seconds) }
        guard delay <= 0 else {
            let wait = Int(delay.rounded(.up))
            throw Problem(429, "too many wrong passwords: try again in \(wait) s", retryAfter: wait)
        }
        // As they are now: what is changed holds at once.
        let guests = try await call.backend.access().guests()
        guard let person = try await person(login, guests) else {
            let name = User.isName(login.username) ? login.username : ""
            throttle.withLock { $0.fail(name, from: address, at: Self.seconds) }
            Log.write(.warning, "HTTP: wrong name or password (from \(from))", budget: "access")
            await call.note(.loginRefused, "", by: name)
            throw Problem(401, "the name or the password is wrong")
        }
        throttle.withLock { $0.succeed(login.username, from: address) }
        let response = try await open(login.username, call) {
            try await $0.openSession(for: person, seconds: $1, from: from, with: $2, at: Self.now)
        }
        await call.note(.login, "", by: login.username)
        return response
    }

    /// The user with such a name and such a password; on a thread of its own, as it takes long.
    private func person(_ login: Login, _ guests: Guests) async throws(Problem) -> Guests.Person? {
        let isFree = checks.withLock { count in
            guard count < Self.checkLimit else { return false }
            count += 1
            return true
        }
        guard isFree else { throw Problem(429, "others are logging in: try again in a moment", retryAfter: 1) }
        defer { checks.withLock { $0 -= 1 } }
        return await withCheckedContinuation { done in
            queue.async {
                let guest = guests.password(user: login.username, login.password)
                if case .person(let person) = guest {
                    done.resume(returning: person)
                } else {
                    done.resume(returning: nil)
                }
            }
        }
    }

    /// `begin` is given the store, how long the session lasts, and what the browser calls itself.
    private func open(
        _ user: String,
        _ call: Call,
        status: Int = 200,
        _ begin: (AccessStore, Int64, String) async throws -> String?
    ) async throws -> HTTPResponse {
        let seconds = await call.backend.sessionSeconds()
        let access = try await call.backend.access()
        guard let text = try await begin(access, seconds, call.request.header("User-Agent") ?? "") else {
            throw Problem(401, "the name or the password is wrong")
        }
        guard let found = try await access.user(ofSession: text, at: Self.now) else {
            throw Problem(503, "the session could not be kept")
        }
        let state = State(state: "logged-in", user: found.name, role: found.role)
        return HTTPResponse(status, json: state, [("Set-Cookie", Self.cookie(text, seconds: seconds, call.request))])
    }

    private static func logOut(_ call: Call) async throws -> HTTPResponse {
        if case .user(let user) = call.caller { await call.note(.logout, "", by: user.name) }
        if let text = call.request.cookie(Caller.cookie) { try await call.backend.access().closeSession(text) }
        return HTTPResponse(204, [("Set-Cookie", cookie("", seconds: 0, call.request))])
    }

    private func makeFirst(_ call: Call) async throws -> HTTPResponse {
        guard call.request.isFromThisMachine else {
            throw Problem(403, "the first user is made on this machine: 'martlet user add NAME --role admin'")
        }
        let login = try call.body(Login.self)
        let access = try await call.backend.access()
        guard try await access.users().isEmpty else { throw Problem(409, "there is a user already: log in") }
        let isFirst: Bool
        do throws(AccessFailure) {
            isFirst = try await access.addFirst(login.username, password: login.password, at: Self.now)
        } catch {
            throw Problem(422, error.description)
        }
        guard isFirst else { throw Problem(409, "there is a user already: log in") }
        await call.note(.firstRun, "", by: login.username)
        let from = call.request.address
        return try await open(login.username, call, status: 201) {
            try await $0.openSession(for: login.username, seconds: $1, from: from, with: $2, at: Self.now)
        }
    }

    private static func cookie(_ text: String, seconds: Int64, _ request: HTTPRequest) -> String {
        let secure = request.isEncrypted ? "; Secure" : ""
        return "\(Caller.cookie)=\(text); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict\(secure)"
    }

    private static var seconds: Double { Double(ClockTime.now.nanoseconds) / 1e9 }
}

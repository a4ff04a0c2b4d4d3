// SPDX-License-Identifier: Apache-2.0
import Configuration
import Footage
import Foundation
import HTTP
import Media
import TestSupport
import Testing

@testable import Access
@testable import Web

@Suite("Routes", .timeLimit(.minutes(2)))
struct RouterTests {
    private static let password = "correct horse battery"

    /// A service with nothing recorded yet, and everybody who may come.
    private struct Site {
        let router: Router
        let access: AccessStore
        let scratch: ScratchDirectory
        private(set) var cookies: [Role: String] = [:]

        init(withPeople: Bool = true) async throws {
            let scratch = try ScratchDirectory()
            let access = try AccessStore(directory: scratch("access"))
            let configuration = scratch("config.toml")
            try Data("[store]\n[cameras.door]\nurl = \"rtsp://door/door\"\n".utf8)
                .write(to: URL(fileURLWithPath: configuration))
            let directory = RecordingDirectory(
                ChunkStore.Settings(directory: scratch("footage")),
                journal: Journal { _, _, _ in }
            )
            let backend = Backend(
                status: { Array("{}".utf8) },
                cameras: { $0 == nil || $0 == "door" ? Array("{}".utf8) : nil },
                settings: PageSettings(of: configuration, role: .store),
                settingsChanged: {},
                recordingKey: { $0 == "door" ? "cameras.door.record" : nil },
                guests: { (try? await access.guests()) ?? .unknown },
                access: { access },
                store: { try await directory.store() },
                freeSpace: { try await directory.freeSpace() },
                feed: { $0 == "door" ? Feed(camera: "door", origin: .sender) : nil },
                sessionSeconds: { 3600 }
            )
            let library = PipelineLibrary(folders: ["\(Product.repository)/pipelines"])
            (self.access, self.scratch) = (access, scratch)
            router = Router(WebService.routes(library), backend)
            guard withPeople else { return }
            for role in Role.allCases {
                try await access.add(role.rawValue, role: role, password: RouterTests.password, at: 0)
                cookies[role] = try await access.openSession(
                    for: role.rawValue,
                    seconds: 3600,
                    from: "192.0.2.7",
                    with: "tests",
                    at: Int64(Date().timeIntervalSince1970)
                )
            }
        }

        func ask(
            _ method: String,
            _ path: String,
            as role: Role? = nil,
            token: String? = nil,
            body: String = "{}",
            query: [String: String] = [:],
            headers: [String: String] = [:],
            from address: String = "192.0.2.7"
        ) async throws -> (status: Int, body: String, headers: [String: String]) {
            var headers = headers
            if method != "GET", headers["Content-Type"] == nil { headers["Content-Type"] = "application/json" }
            if headers["Host"] == nil { headers["Host"] = "store.local:8080" }
            if let role { headers["Cookie"] = "other=1; martlet-session=\(cookies[role] ?? "")" }
            if let token { headers["Authorization"] = "Bearer \(token)" }
            let request = HTTPRequest(
                method: method,
                path: ["api", "v1"]
                    + path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init),
                query: query.mapValues { [$0] },
                headers: headers,
                body: method == "GET" ? [] : Array(body.utf8),
                address: address
            )
            let response = try #require(await router.answer(request))
            let bytes: [UInt8] = if case .bytes(let bytes) = response.body { bytes } else { [] }
            let fields = Dictionary(response.headers.map { ($0.name, $0.value) }) { one, _ in one }
            return (response.status, String(decoding: bytes, as: UTF8.self), fields)
        }
    }

    /// Each route, who may take it at least, and whether a token to read this camera may.
    private static let table: [(method: String, path: String, role: Role?, token: Bool)] = [
        ("GET", "/session", nil, true), ("POST", "/session", nil, true), ("DELETE", "/session", nil, true),
        ("POST", "/first-run", nil, true), ("GET", "/sessions", .viewer, false),
        ("DELETE", "/sessions", .viewer, false), ("DELETE", "/sessions/{id}", .viewer, false),
        ("GET", "/users/{name}/sessions", .admin, false), ("DELETE", "/users/{name}/sessions", .admin, false),
        ("GET", "/cameras", .viewer, false), ("GET", "/cameras/{camera}", .viewer, true),
        ("PATCH", "/cameras/{camera}", .operator, false), ("GET", "/settings", .admin, false),
        ("PATCH", "/settings", .admin, false), ("GET", "/audit", .admin, false), ("GET", "/log", .operator, false),
        ("GET", "/cameras/{camera}/movement", .viewer, false),
        ("GET", "/cameras/{camera}/movement/next", .viewer, false),
        ("GET", "/openapi.json", .viewer, false), ("GET", "/status", .viewer, false),
        ("GET", "/events", .viewer, false),
        ("POST", "/cameras/{camera}/whep", .viewer, false), ("DELETE", "/cameras/{camera}/whep/{id}", .viewer, false),
        ("GET", "/cameras/{camera}/live.mp4", .viewer, true), ("GET", "/cameras/{camera}/timeline", .viewer, true),
        ("GET", "/cameras/{camera}/chunks", .viewer, true), ("GET", "/cameras/{camera}/media", .viewer, false),
        ("GET", "/chunks/{id}", .viewer, true), ("GET", "/chunks/{id}/init.mp4", .viewer, true),
        ("GET", "/cameras/{camera}/footage.m3u8", .viewer, true),
        ("GET", "/cameras/{camera}/card", .operator, true),
        ("POST", "/cameras/{camera}/card/acknowledged", .operator, true),
        ("GET", "/chunks/{id}/index.mp4", .operator, true), ("GET", "/chunks/{id}/hashes", .operator, true),
        ("GET", "/chunks/{id}/segment.mp4", .viewer, true), ("GET", "/chunks/{id}/media", .operator, true),
        ("PATCH", "/chunks/{id}", .operator, false), ("DELETE", "/chunks/{id}", .operator, false),
        ("GET", "/cameras/{camera}/clip", .operator, false), ("GET", "/clips", .operator, false),
        ("GET", "/cameras/{camera}/snapshot", .viewer, true),
        ("GET", "/storage", .viewer, false),
        ("GET", "/users", .admin, false), ("POST", "/users", .admin, false), ("PATCH", "/users/{name}", .admin, false),
        ("DELETE", "/users/{name}", .admin, false), ("GET", "/tokens", .admin, false),
        ("POST", "/tokens", .admin, false), ("DELETE", "/tokens/{id}", .admin, false),
    ]

    @Test("each route is for whom it is meant, and there is no other")
    func access() async throws {
        let site = try await Site()
        let reader = try await site.access.issue(for: "door", rights: .read, at: 0)
        let other = try await site.access.issue(for: "till", rights: .both, at: 0)
        let publisher = try await site.access.issue(for: "door", rights: .publish, at: 0)
        let library = PipelineLibrary(folders: ["\(Product.repository)/pipelines"])
        let routes = Set(WebService.routes(library).map { "\($0.method.rawValue) \($0.path)" })
        // Cameras alone come to be asked.
        let exchange = "/cameras/door/card/exchange"
        #expect(routes == Set(Self.table.map { "\($0.method) \($0.path)" } + ["POST /cameras/{camera}/card/exchange"]))
        #expect(try await site.ask("POST", exchange).status == 401)
        for role in Role.allCases { #expect(try await site.ask("POST", exchange, as: role).status == 403) }
        for token in [reader, other] { #expect(try await site.ask("POST", exchange, token: token).status == 403) }
        #expect(try await site.ask("POST", exchange, token: publisher).status == 404)
        // And each is described.
        #expect(routes == RouteContent.routes)
        // What would end the sessions that the next ones need.
        let ending = ["DELETE /session", "DELETE /sessions"]
        for row in Self.table where !ending.contains("\(row.method) \(row.path)") {
            let path = row.path.replacing("{camera}", with: "door").replacing("{id}", with: "7")
                .replacing("{name}", with: "nobody")
            let name = "\(row.method) \(row.path)"
            let nobody = try await site.ask(row.method, path).status
            #expect((nobody != 401) == (row.role == nil) || name == "POST /session", "\(name): \(nobody)")
            for role in Role.allCases {
                let status = try await site.ask(row.method, path, as: role).status
                let mayIt = row.role.map { role >= $0 } ?? true
                #expect((status != 403) == mayIt || name == "POST /first-run", "\(name) as \(role): \(status)")
            }
            for (token, isTheirs) in [(reader, row.token), (other, false), (publisher, false)] {
                let status = try await site.ask(row.method, path, token: token).status
                // A chunk that is not there is nobody's.
                let mayIt = row.role == nil || isTheirs || row.token && path.hasPrefix("/chunks/") && token == other
                #expect((status != 403) == mayIt || name == "POST /first-run", "\(name) with a token: \(status)")
            }
            #expect(try await site.ask(row.method, path, token: "martlet_wrong").status == 401)
        }
    }

    @Test("logging in gives a cookie that opens, until one logs out; guessing grows slow")
    func sessions() async throws {
        let site = try await Site()
        let body = #"{"username":"viewer","password":"\#(Self.password)"}"#
        let login = try await site.ask("POST", "/session", body: body)
        #expect(login.status == 200 && login.body == #"{"role":"viewer","state":"logged-in","user":"viewer"}"#)
        let cookie = try #require(login.headers["Set-Cookie"])
        #expect(cookie.contains("HttpOnly; SameSite=Strict") && !cookie.contains("Secure"))
        let own = ["Cookie": String(cookie.prefix { $0 != ";" })]
        #expect(try await site.ask("GET", "/status", headers: own).status == 200)
        #expect(try await site.ask("DELETE", "/session", headers: own).status == 204)
        #expect(try await site.ask("GET", "/status", headers: own).status == 401)
        #expect(try await site.ask("GET", "/session", headers: own).body == #"{"state":"logged-out"}"#)
        let wrong = #"{"username":"viewer","password":"wrong horse battery"}"#
        // How many it takes depends on how long each one takes: delays grow.
        var answers: [(status: Int, body: String, headers: [String: String])] = []
        repeat {
            answers.append(try await site.ask("POST", "/session", body: wrong, from: "192.0.2.9"))
        } while answers.last?.status == 401 && answers.count < 50
        #expect(answers.count > 5 && answers.last?.status == 429)
        #expect(answers.last?.headers["Retry-After"] != nil)
        // Whoever has been in from elsewhere is not kept out.
        #expect(try await site.ask("POST", "/session", body: body).status == 200)
        try await site.access.setPassword("another horse entirely", of: "viewer")
        #expect(try await site.ask("GET", "/status", as: .viewer).status == 401)
        try await site.access.setRole(.admin, of: "operator")
        #expect(try await site.ask("GET", "/users", as: .operator).status == 200)
        try await site.access.remove("admin")
        #expect(try await site.ask("GET", "/users", as: .admin).status == 401)
    }

    @Test("the first user is made on the machine itself, and there alone")
    func firstRun() async throws {
        let site = try await Site(withPeople: false)
        let here = ["Host": "localhost:8080"]
        #expect(try await site.ask("GET", "/session").body == #"{"state":"closed"}"#)
        #expect(try await site.ask("GET", "/status").status == 401)
        #expect(
            try await site.ask("GET", "/session", headers: here, from: "127.0.0.1").body == #"{"state":"first-run"}"#
        )
        // A name that was made to lead here is another site's.
        #expect(try await site.ask("GET", "/session", from: "127.0.0.1").body == #"{"state":"closed"}"#)
        for host in ["127.evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", ""] {
            let answer = try await site.ask("GET", "/session", headers: ["Host": host], from: "127.0.0.1")
            #expect(answer.body == #"{"state":"closed"}"#, "\(host)")
        }
        let passed = here.merging(["X-Real-IP": "192.0.2.7"]) { $1 }
        #expect(
            try await site.ask("GET", "/session", headers: passed, from: "127.0.0.1").body == #"{"state":"closed"}"#
        )
        #expect(try await site.ask("GET", "/status", headers: here, from: "127.0.0.1").status == 200)
        #expect(try await site.ask("GET", "/users", headers: here, from: "127.0.0.1").status == 403)
        let body = #"{"username":"anna","password":"\#(Self.password)"}"#
        #expect(try await site.ask("POST", "/first-run", body: body).status == 403)
        let weak = #"{"username":"anna","password":"short"}"#
        let refused = try await site.ask("POST", "/first-run", body: weak, headers: here, from: "127.0.0.1")
        #expect(refused.status == 422 && refused.body.contains("at least 10 characters"))
        let made = try await site.ask("POST", "/first-run", body: body, headers: here, from: "127.0.0.1")
        #expect(made.status == 201 && made.body.contains(#""role":"admin""#))
        #expect(try await site.ask("POST", "/first-run", body: body, headers: here, from: "127.0.0.1").status == 409)
        #expect(try await site.ask("GET", "/status", headers: here, from: "127.0.0.1").status == 401)
    }

    @Test("what another site's page sends changes nothing")
    func sameOrigin() async throws {
        let site = try await Site()
        let form = ["Content-Type": "application/x-www-form-urlencoded"]
        #expect(try await site.ask("POST", "/tokens", as: .admin, headers: form).status == 415)
        let text = #"{"camera":"door","rights":"read"}"#
        for (origin, status) in [("https://evil.example", 403), ("http://store.local:8080", 201), ("null", 403)] {
            let answer = try await site.ask("POST", "/tokens", as: .admin, body: text, headers: ["Origin": origin])
            #expect(answer.status == status, "\(origin): \(answer.body)")
        }
    }

    /// What is asked, and what it is answered.
    private static let mistakes: [(path: String, query: [String: String], status: Int, words: String)] = [
        ("/cameras/door/timeline", [:], 400, "'from' and 'to' are missing"),
        ("/cameras/door/timeline", ["from": "yesterday", "to": "x"], 400, "'from' is no time such as"),
        (
            "/cameras/door/timeline", ["from": "2026-11-22T00:00:00Z", "to": "2026-11-21T00:00:00Z"], 400,
            "'from' must be before 'to'"
        ),
        ("/cameras/nobody/timeline", ["from": "2026-11-21T00:00:00Z", "to": "2026-11-22T00:00:00Z"], 404, "no camera"),
        ("/chunks/seven", [:], 404, "'seven' is no chunk's number"),
        ("/chunks/7", [:], 404, "there is no chunk 7"),
        ("/chunks/7/segment.mp4", ["from": "1"], 400, "seconds from the chunk's beginning"),
        ("/chunks/7/segment.mp4", ["from": "nan", "to": "2"], 400, "'from' is no number"),
        ("/cameras/door/live.mp4", [:], 503, "no video comes from 'door' now"),
        (
            "/cameras/door/clip", ["from": "2026-11-21T00:00:00Z", "to": "2026-11-21T01:00:00Z"], 404,
            "nothing of 'door'"
        ),
        ("/nothing", [:], 404, "there is nothing at /nothing"),
        // Not what leads to all of them.
        ("/sessions/", [:], 404, "there is nothing at /sessions/"), ("/users//sessions", [:], 404, "there is nothing"),
    ]

    @Test("what is wrong is said, with what to do", arguments: mistakes.indices)
    func problems(row: Int) async throws {
        let site = try await Site()
        let mistake = Self.mistakes[row]
        let answer = try await site.ask("GET", mistake.path, as: .admin, query: mistake.query)
        #expect(answer.status == mistake.status && answer.body.contains(mistake.words), "\(answer.body)")
        #expect(answer.headers["Content-Type"] == "application/problem+json")
    }

    @Test("a body that is none of ours is refused in words")
    func bodies() async throws {
        let site = try await Site()
        for (body, words) in [
            ("", "the body is no JSON"), ("[]", "the body is no object"), ("{}", "the key 'name' is missing"),
            (#"{"name":1,"role":"admin","password":"x"}"#, "'name' is no string"),
            (#"{"name":"a","role":"king","password":"x"}"#, "'role' is not known"),
        ] {
            let answer = try await site.ask("POST", "/users", as: .admin, body: body)
            #expect(answer.status == 400 && answer.body.contains(words), "\(body): \(answer.body)")
        }
        let known = #"{"name":"anna","role":"viewer","password":"password123"}"#
        #expect(try await site.ask("POST", "/users", as: .admin, body: known).status == 422)
        let method = try await site.ask("PUT", "/users", as: .admin)
        #expect(method.status == 405 && method.headers["Allow"] == "GET, POST")
    }

    @Test("what is done is noted with who did it, and what is refused is not")
    func audit() async throws {
        let site = try await Site()
        let login = #"{"username":"admin","password":"\#(Self.password)"}"#
        #expect(try await site.ask("POST", "/session", body: login).status == 200)
        let wrong = #"{"username":"admin","password":"wrong horse battery"}"#
        #expect(try await site.ask("POST", "/session", body: wrong, from: "192.0.2.9").status == 401)
        let user = #"{"name":"anna","role":"viewer","password":"\#(Self.password)"}"#
        #expect(try await site.ask("POST", "/users", as: .admin, body: user).status == 201)
        #expect(try await site.ask("POST", "/users", as: .operator, body: user).status == 403)
        #expect(try await site.ask("DELETE", "/users/anna", as: .admin).status == 204)
        #expect(
            try await site.ask("PATCH", "/cameras/door", as: .operator, body: #"{"recording":false}"#).status == 200
        )
        let entries = try await site.access.audit(limit: 100).reversed().map {
            "\($0.user) \($0.action.rawValue) \($0.what)"
        }
        #expect(
            entries == [
                "admin login ", "admin login-refused ", "admin user-added anna (viewer)", "admin user-removed anna",
                "operator recording door off",
            ]
        )
        let page = try await site.ask("GET", "/audit", as: .admin, query: ["limit": "2"])
        #expect(page.body.contains(#""more":true"#) && page.body.contains("door off"), "\(page.body)")
    }

    @Test("settings are told with who says them, and changed all or none")
    func settings() async throws {
        let site = try await Site()
        let good = #"{"changes":{"store.recording.max-space":"2 GB","cameras.door.max-space":"1 GB"}}"#
        let answer = try await site.ask("PATCH", "/settings", as: .admin, body: good)
        #expect(answer.status == 200, "\(answer.body)")
        #expect(
            answer.body.contains(
                ##""key":"store.recording.max-space","limits":"10 MB … 1000 TB","restarts":"nothing","source":"page""##
            ),
            "\(answer.body)"
        )
        let bad = #"{"changes":{"store.recording.max-space":"much","cameras.door.max-space":null}}"#
        let refused = try await site.ask("PATCH", "/settings", as: .admin, body: bad)
        #expect(
            refused.status == 422 && refused.body.contains(#""key":"store.recording.max-space""#),
            "\(refused.body)"
        )
        #expect(try await site.ask("GET", "/settings", as: .admin).body == answer.body)
        let fixed = try await site.ask(
            "PATCH",
            "/settings",
            as: .admin,
            body: #"{"changes":{"cameras.door.url":"rtsp://other/door"}}"#
        )
        #expect(fixed.status == 409 && fixed.body.contains("config.toml:3:"), "\(fixed.body)")
        #expect(
            try await site.ask("PATCH", "/cameras/nobody", as: .operator, body: #"{"recording":true}"#).status == 404
        )
    }

    @Test("one's sessions are listed, and ended one by one")
    func ownSessions() async throws {
        let site = try await Site()
        let list = try await site.ask("GET", "/sessions", as: .viewer)
        #expect(list.body.contains(#""current":true"#) && !list.body.contains(#""current":false"#))
        let sessions = try await site.access.sessions(of: "viewer", at: 0)
        let id = try #require(sessions.first?.id)
        // It is nobody else's to end.
        #expect(try await site.ask("DELETE", "/sessions/\(id)", as: .operator).status == 404)
        #expect(try await site.ask("DELETE", "/sessions/\(id)", as: .viewer).status == 204)
        #expect(try await site.ask("GET", "/sessions", as: .viewer).status == 401)
    }

    @Test("an old password opens nothing the moment it is another, and a new user is in at once")
    func passwords() async throws {
        let site = try await Site()
        let other = "another horse entirely"
        let change = #"{"password":"\#(other)"}"#
        #expect(try await site.ask("PATCH", "/users/viewer", as: .admin, body: change).status == 204)
        let old = #"{"username":"viewer","password":"\#(Self.password)"}"#
        #expect(try await site.ask("POST", "/session", body: old).status == 401)
        #expect(try await site.ask("POST", "/session", body: old.replacing(Self.password, with: other)).status == 200)
        // A session that was begun with what was right a moment ago is none.
        let guests = try await site.access.guests()
        guard case .person(let person) = guests.password(user: "viewer", other) else {
            Issue.record("the password is not known")
            return
        }
        try await site.access.setPassword("yet another one, longer", of: "viewer")
        #expect(try await site.access.openSession(for: person, seconds: 60, from: "", with: "", at: 0) == nil)
    }

    @Test("users are changed whole or not at all, and an admin is always left")
    func admins() async throws {
        let site = try await Site()
        let half = #"{"role":"admin","password":"short"}"#
        #expect(try await site.ask("PATCH", "/users/viewer", as: .admin, body: half).status == 422)
        #expect(try await site.access.users().first { $0.name == "viewer" }?.role == .viewer)
        #expect(try await site.ask("PATCH", "/users/nobody", as: .admin, body: half).status == 404)
        #expect(try await site.ask("PATCH", "/users/viewer", as: .admin).status == 422)
        for (method, body) in [("DELETE", "{}"), ("PATCH", #"{"role":"viewer"}"#)] {
            let answer = try await site.ask(method, "/users/admin", as: .admin, body: body)
            #expect(answer.status == 422 && answer.body.contains("the only admin"), "\(answer.body)")
        }
        #expect(try await site.ask("PATCH", "/users/operator", as: .admin, body: #"{"role":"admin"}"#).status == 204)
        #expect(try await site.ask("DELETE", "/users/admin", as: .admin).status == 204)
        #expect(try await site.access.addFirst("late", password: Self.password, at: 0) == false)
    }

    @Test("nobody writes into the audit log what was not done, and what is done again is noted once an hour")
    func forging() async throws {
        let site = try await Site()
        for _ in 0..<5 {
            let body = #"{"recording":true}"#
            let query = ["camera": "yard", "from": "x\n-"]
            #expect(try await site.ask("PATCH", "/cameras/door", as: .operator, body: body, query: query).status == 200)
        }
        #expect(try await site.ask("PATCH", "/settings", as: .admin, body: #"{"changes":{}}"#).status == 422)
        try await site.access.note(.export, "a\nb\u{1}c", by: "anna", from: "", at: 1)
        #expect(try await site.access.audit(limit: 10).map(\.what) == ["a?b?c", "door on"])
        try await site.access.note(.recording, "door on", by: "operator", from: "192.0.2.7", at: 1 << 40)
        #expect(try await site.access.audit(limit: 10).count == 3)
    }

    @Test("a camera that there is not is said so, whatever is asked of it")
    func unknownCamera() async throws {
        let site = try await Site()
        let span = ["from": "2026-11-21T00:00:00Z", "to": "2026-11-21T01:00:00Z"]
        for what in ["timeline", "chunks", "media", "movement", "footage.m3u8"] {
            let answer = try await site.ask("GET", "/cameras/nobody/\(what)", as: .viewer, query: span)
            #expect(answer.status == 404 && answer.body.contains("no camera 'nobody'"), "\(what): \(answer.body)")
        }
        for camera in ["", "no such\ncamera", String(repeating: "x", count: 100_000)] {
            let body = try JSONEncoder().encode(["camera": camera, "rights": "read"])
            let answer = try await site.ask("POST", "/tokens", as: .admin, body: String(decoding: body, as: UTF8.self))
            #expect(answer.status == 422, "\(answer.body)")
        }
    }
}

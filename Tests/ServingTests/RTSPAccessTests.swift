// SPDX-License-Identifier: Apache-2.0
import GStreamer
import TestSupport
import Testing

@testable import Access
@testable import Serving

@Suite("Access over RTSP", .timeLimit(.minutes(2)))
struct RTSPAccessTests {
    private static let anna = Guests.Person(
        user: User(name: "anna", role: .viewer, created: 0),
        hash: (try? PasswordHash(of: "correct horse", .init(operations: 1, memory: 8 << 10))) ?? PasswordHash(text: ""),
        secret: DigestSecret(user: "anna", password: "correct horse")
    )
    private static let reader = DeviceToken.issue(camera: "till", rights: .read, at: 0)
    private static let publisher = DeviceToken.issue(camera: "till", rights: .publish, at: 0)
    private static let guests = Guests(people: [anna], tokens: [reader.token, publisher.token])

    private static func login(
        _ path: String,
        from address: String = "192.0.2.7",
        connection: UInt = 1,
        _ credentials: RTSPLogin.Credentials = .none
    ) -> RTSPLogin {
        RTSPLogin(
            method: "DESCRIBE",
            path: path,
            uri: "rtsp://store:8554\(path)",
            address: address,
            connection: connection,
            credentials: credentials
        )
    }

    /// The answer to the challenge of a connection.
    private static func digest(
        _ access: RTSPAccess,
        _ path: String,
        user: String,
        password: String,
        connection: UInt = 1,
        naming named: String? = nil
    ) throws -> RTSPLogin.Credentials {
        guard case .challenged(let headers) = access.decide(login(path, connection: connection), isEncrypted: false),
            let nonce = headers.first?.firstMatch(of: #/nonce="([^"]+)"/#)?.1
        else { throw CommandFailure(description: "there is no challenge") }
        let uri = "rtsp://store:8554\(named ?? path)"
        let response = DigestSecret(user: user, password: password)
            .response(method: "DESCRIBE", uri: uri, nonce: String(nonce))
        return .digest(user: user, uri: uri, nonce: String(nonce), response: response)
    }

    @Test(
        "while there is nobody, this machine alone is served",
        arguments: ["127.0.0.1", "127.3.2.1", "::1", "192.0.2.7"]
    )
    func closed(address: String) {
        let access = RTSPAccess()
        let answer = access.decide(Self.login("/till", from: address), isEncrypted: false)
        #expect(answer == (address == "192.0.2.7" ? .forbidden : .granted))
    }

    @Test("once there is somebody, even this machine has to log in")
    func loopback() {
        let access = RTSPAccess(Self.guests)
        guard case .challenged(let headers) = access.decide(Self.login("/till", from: "127.0.0.1"), isEncrypted: false)
        else {
            Issue.record("let in")
            return
        }
        // Never Basic where anybody may listen.
        #expect(headers.count == 1 && headers[0].hasPrefix("Digest realm=\"Martlet\""))
    }

    /// Who, with what, which path, whether they get it.
    private static let table: [(String, String, String, Bool)] = [
        ("anna", "correct horse", "/till", true),
        ("anna", "correct horse", "/door/stream=0", true),
        ("till", reader.text, "/till", true),
        ("till", reader.text, "/till/stream=0", true),
        ("till", reader.text, "/door", false),
        ("till", reader.text, "/till2", false),
        ("till", reader.text, "/", false),
        ("till", publisher.text, "/till", false),
    ]

    @Test("each gets what is theirs, by Digest and, encrypted, by Basic, and nothing else", arguments: table.indices)
    func matrix(row: Int) throws {
        let (user, password, path, isTheirs) = Self.table[row]
        let expected = isTheirs ? RTSPAdmission.granted : .forbidden
        let access = RTSPAccess(Self.guests)
        let digest = try Self.digest(access, path, user: user, password: password)
        #expect(access.decide(Self.login(path, digest), isEncrypted: false) == expected)
        let basic = Self.login(path, .basic(user: user, password: password))
        #expect(access.decide(basic, isEncrypted: true) == expected)
        guard case .challenged = access.decide(basic, isEncrypted: false) else {
            Issue.record("a password was taken that anybody could read")
            return
        }
    }

    /// What each of them may do at its own camera, by method.
    private static let methods: [(String, reader: Bool, publisher: Bool)] = [
        ("OPTIONS", true, true), ("DESCRIBE", true, false), ("ANNOUNCE", false, true), ("SETUP", true, false),
        ("PLAY", true, false), ("PAUSE", true, false), ("RECORD", false, true), ("TEARDOWN", true, true),
        ("GET_PARAMETER", true, true), ("SET_PARAMETER", true, true), ("REDIRECT", true, false), ("", true, false),
    ]

    @Test("a token to read and a token to push do what they are for, at their camera", arguments: methods.indices)
    func rights(row: Int) {
        let (method, reader, publisher) = Self.methods[row]
        for (token, isRight) in [(Self.reader, reader), (Self.publisher, publisher)] {
            for path in ["/till", "/door", "/till/stream=0", "/../till", "/"] {
                let access = RTSPAccess(Self.guests)
                let login = RTSPLogin(
                    method: method,
                    path: path,
                    uri: "rtsps://store\(path)",
                    address: "192.0.2.7",
                    connection: 1,
                    credentials: .basic(user: "till", password: token.text)
                )
                let expected = isRight && path.hasPrefix("/till") ? RTSPAdmission.granted : .forbidden
                #expect(access.decide(login, isEncrypted: true) == expected, "\(method) \(path)")
            }
        }
    }

    @Test("whoever brings a stream may set it up, on its own connection")
    func publisherSetsUp() {
        let access = RTSPAccess(Self.guests)
        func ask(_ method: String, on connection: UInt) -> RTSPAdmission {
            let login = RTSPLogin(
                method: method,
                path: "/till",
                uri: "rtsps://store/till",
                address: "192.0.2.7",
                connection: connection,
                credentials: .basic(user: "till", password: Self.publisher.text)
            )
            return access.decide(login, isEncrypted: true)
        }
        #expect(ask("SETUP", on: 1) == .forbidden)
        #expect(ask("ANNOUNCE", on: 1) == .granted)
        #expect(ask("SETUP", on: 1) == .granted)
        #expect(ask("PLAY", on: 1) == .forbidden)
        #expect(ask("SETUP", on: 2) == .forbidden)
        access.forget(1)
        #expect(ask("SETUP", on: 1) == .forbidden)
    }

    @Test("an answer is worth nothing on another connection, or for another URL")
    func replay() throws {
        let access = RTSPAccess(Self.guests)
        let digest = try Self.digest(access, "/till", user: "anna", password: "correct horse")
        let elsewhere = access.decide(Self.login("/till", connection: 2, digest), isEncrypted: false)
        let other = access.decide(Self.login("/door", digest), isEncrypted: false)
        for answer in [elsewhere, other] {
            if case .challenged = answer { continue }
            Issue.record("\(answer)")
        }
    }

    /// What an answer names, what is requested, and whether the one holds for the other.
    private static let urls: [(named: String, requested: String, holds: Bool)] = [
        ("/till", "/till/stream=0", true),
        // As live555 (VLC) does in its SETUP: with the base that the description came with.
        ("/till/", "/till/stream=0", true),
        ("/till/", "/till", true),
        ("/till/stream=0", "/till/stream=0", true),
        ("/till/stream=0", "/till/stream=1", false),
        ("/till/stream=0", "/till", false),
        ("/", "/till", false),
        ("/til", "/till", false),
        ("/till", "/door/till", false),
        ("/till", "/tillage", false),
    ]

    @Test("an answer that names a camera holds for its streams, and for nothing else", arguments: urls.indices)
    func camerasAnswer(row: Int) throws {
        let (named, requested, holds) = Self.urls[row]
        let access = RTSPAccess(Self.guests)
        let digest = try Self.digest(access, requested, user: "anna", password: "correct horse", naming: named)
        let answer = access.decide(Self.login(requested, digest), isEncrypted: false)
        #expect((answer == .granted) == holds, "\(answer)")
    }

    @Test("guessing is answered ever later; whoever has been in from there is not kept out")
    func guessing() throws {
        let access = RTSPAccess(Self.guests)
        let right = try Self.digest(access, "/till", user: "anna", password: "correct horse")
        #expect(access.decide(Self.login("/till", right), isEncrypted: false) == .granted)
        for number in 0..<20 {
            let wrong = RTSPLogin.Credentials.basic(user: "anna", password: "guess \(number)")
            _ = access.decide(Self.login("/till", from: "203.0.113.9", connection: 9, wrong), isEncrypted: true)
        }
        let guess = RTSPLogin.Credentials.basic(user: "anna", password: "correct horse")
        #expect(access.decide(Self.login("/till", from: "203.0.113.9", guess), isEncrypted: true) == .forbidden)
        #expect(access.decide(Self.login("/till", right), isEncrypted: false) == .granted)
    }

    @Test("guessing keeps out no device, and nobody who is on the connection already")
    func device() throws {
        let access = RTSPAccess(Self.guests)
        let anna = try Self.digest(access, "/till", user: "anna", password: "correct horse", connection: 3)
        #expect(access.decide(Self.login("/till", connection: 3, anna), isEncrypted: false) == .granted)
        for number in 0..<40 {
            let wrong = RTSPLogin.Credentials.basic(user: number < 20 ? "till" : "anna", password: "guess \(number)")
            _ = access.decide(Self.login("/till", connection: 9, wrong), isEncrypted: false)
        }
        let till = try Self.digest(access, "/till", user: "till", password: Self.reader.text)
        #expect(access.decide(Self.login("/till", till), isEncrypted: false) == .granted)
        let basic = RTSPLogin.Credentials.basic(user: "till", password: Self.reader.text)
        #expect(access.decide(Self.login("/till", connection: 2, basic), isEncrypted: true) == .granted)
        #expect(access.decide(Self.login("/till", connection: 3, anna), isEncrypted: false) == .granted)
    }

    @Test("a new password shows out whoever came in with the former one, and so does one of several who were there")
    func changes() throws {
        let access = RTSPAccess(Self.guests)
        for (user, password) in [("till", Self.reader.text), ("anna", "correct horse")] {
            let login = try Self.digest(access, "/till", user: user, password: password)
            #expect(access.decide(Self.login("/till", login), isEncrypted: false) == .granted)
        }
        let hash = try PasswordHash(of: "another horse", .init(operations: 1, memory: 8 << 10))
        let other = Guests.Person(
            user: Self.anna.user,
            hash: hash,
            secret: DigestSecret(user: "anna", password: "another horse")
        )
        #expect(access.update(Guests(people: [other], tokens: [Self.reader.token])) == [1])
        let again = try Self.digest(access, "/till", user: "anna", password: "another horse")
        #expect(access.decide(Self.login("/till", again), isEncrypted: false) == .granted)
        let till = try Self.digest(access, "/till", user: "till", password: Self.reader.text)
        #expect(access.decide(Self.login("/till", till), isEncrypted: false) == .granted)
        #expect(access.update(Guests(people: [other], tokens: [])) == [1])
    }

    @Test("while nobody knows who may come in, nobody may, this machine included")
    func unknown() {
        let access = RTSPAccess(.unknown)
        #expect(access.decide(Self.login("/till", from: "127.0.0.1"), isEncrypted: false) == .forbidden)
    }

    @Test("with IPv6 a whole network is one guesser; what strangers write is short and one line in the log")
    func strangers() {
        #expect(LoginThrottle.network(of: "2001:db8:1:2::7") == LoginThrottle.network(of: "2001:db8:1:2:ffff::9"))
        #expect(LoginThrottle.network(of: "2001:db8:1:2::7") != LoginThrottle.network(of: "2001:db8:1:3::7"))
        #expect(LoginThrottle.network(of: "fe80::1%eth0") == LoginThrottle.network(of: "fe80::2"))
        #expect(LoginThrottle.network(of: "192.0.2.7") == "192.0.2.7")
        #expect(LoginThrottle.network(of: "::ffff:192.0.2.7") == "::ffff:192.0.2.7")
        #expect(RTSPAccess.shown("a\nerror b\u{1B}é") == "'a?error b??'")
        #expect(RTSPAccess.shown(String(repeating: "n", count: 100)).count == 67)
    }

    @Test("whoever is removed is shown out, and nobody else")
    func revocation() throws {
        let access = RTSPAccess(Self.guests)
        let anna = try Self.digest(access, "/till", user: "anna", password: "correct horse", connection: 1)
        #expect(access.decide(Self.login("/till", connection: 1, anna), isEncrypted: false) == .granted)
        let till = try Self.digest(access, "/till", user: "till", password: Self.reader.text, connection: 2)
        #expect(access.decide(Self.login("/till", connection: 2, till), isEncrypted: false) == .granted)
        #expect(access.update(Guests(people: [Self.anna], tokens: [])) == [2])
        #expect(access.update(Guests(people: [Self.anna], tokens: [])) == [])
    }
}

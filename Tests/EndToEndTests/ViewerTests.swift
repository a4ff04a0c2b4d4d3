// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Many who watch, some of them badly: nobody else notices, no frame is lost, and nothing is left of them.
@Suite("Viewers", .serialized, .timeLimit(.minutes(4))) struct ViewerTests {
    /// A camera, and a store that records it.
    private struct Place {
        let scratch: ScratchDirectory
        let door: TestCamera
        let store: TestStore
        let secure: Int
        let camera: Martlet
        let recorder: Martlet

        init() async throws {
            scratch = try ScratchDirectory()
            door = try TestCamera("door", in: scratch, size: (160, 120))
            store = try TestStore([door], in: scratch)
            secure = try freePort()
            try serveEncrypted(store.configuration, at: "127.0.0.1:\(secure)")
            camera = try Martlet("camera", "--config", door.configuration)
            recorder = try Martlet("store", "--config", store.configuration)
            try await recorder.expect("receiver runs")
            // What recording takes is there before anybody comes.
            let directory = store.directory
            try await eventually(within: .seconds(30)) { !openChunks(in: directory).isEmpty }
        }

        /// What the store says of itself.
        func status() async throws -> Report {
            let result = try await run(Martlet.path, "status", "--json", "--config", store.configuration)
            return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
        }

        func viewer(room: Int32? = nil) throws -> RTSPConversation {
            try RTSPConversation(port: store.port, room: room)
        }

        /// Asserts that somebody who comes now has a picture.
        func servesOthers(_ comment: Comment) async throws {
            let other = try viewer()
            #expect(try await other.play("/door") == [200, 200, 200], comment)
            try await other.receive(packets: 3)
        }

        /// Asserts that all is as it was before.
        func settles(to before: Report) async throws {
            try await eventually(within: .seconds(40), "viewers are left") {
                try await status().cameras[0].viewers.count == 0
            }
            try await eventually(within: .seconds(40), "descriptors are left") {
                try await status().resources.descriptors <= before.resources.descriptors
            }
            // Threads of pools come and go.
            try await eventually(within: .seconds(40), "threads are left") {
                try await status().resources.threads <= before.resources.threads + 8
            }
        }

        /// Ends both, and asserts that neither has lost a frame.
        func end() async throws {
            let report = try await status()
            #expect(report.cameras[0].state == "running" && report.cameras[0].undecodable == 0)
            #expect(recorder.count(of: "door: receiver runs") == 1)
            for process in [recorder, camera] {
                process.send(SIGTERM)
                #expect(try await process.end() == 0)
            }
            for directory in [door.directory, store.directory] {
                let footage = Footage(of: "door", in: directory)
                try await footage.decodes()
                let times = try await footage.frameTimes()
                #expect(breaks(in: times) == [])
                if directory == store.directory { #expect(times.count >= report.cameras[0].frames) }
            }
        }
    }

    private struct Report: Decodable {
        struct Resources: Decodable {
            let memory: Int
            let threads: Int
            let descriptors: Int
        }

        struct Viewers: Decodable {
            let count: Int
            let queued: Int
        }

        struct Camera: Decodable {
            let state: String
            let frames: Int
            let undecodable: Int
            let viewers: Viewers
        }

        let resources: Resources
        let cameras: [Camera]
    }

    @Test("fifty viewers see a camera, ten who never read and ten who wait cost them nothing, and all of it is freed")
    func many() async throws {
        let place = try await Place()
        let before = try await place.status()
        var idlers: [RTSPConversation] = []
        var patient: [RTSPConversation] = []
        for _ in 0..<10 {
            idlers.append(try place.viewer(room: 2048))
            #expect(try await idlers[idlers.count - 1].play("/door") == [200, 200, 200])
            let one = try place.viewer()
            #expect(try await one.request("DESCRIBE", "/door", ["Accept": "application/sdp"]).status == 200)
            #expect(try await one.request("SETUP", "/door/stream=0", Self.interleaved).status == 200)
            patient.append(one)
        }
        var viewers: [RTSPConversation] = []
        for _ in 0..<50 {
            viewers.append(try place.viewer())
            #expect(try await viewers[viewers.count - 1].play("/door") == [200, 200, 200])
        }
        // All at the same time.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for viewer in viewers { group.addTask { try await viewer.receive(packets: 60) } }
            try await group.waitForAll()
        }
        let among = try await place.status()
        #expect(among.cameras[0].viewers.count == 70)
        // Frames are shared, however many wait for them.
        #expect(among.resources.memory < before.resources.memory + 150_000_000)
        // Nothing is sent to whoever has not asked for it.
        let isQuiet = patient.allSatisfy { $0.isQuiet }
        #expect(isQuiet)
        for viewer in viewers.prefix(20) { #expect(try await viewer.request("TEARDOWN", "/door").status == 200) }
        try await eventually { try await place.status().cameras[0].viewers.count == 50 }
        // The others go without a word.
        for viewer in viewers + idlers + patient { viewer.close() }
        try await place.settles(to: before)
        try await place.end()
    }

    @Test(
        "the 129th is told to come back, by DESCRIBE and by SETUP alone; then there is room as soon as somebody leaves"
    )
    func limit() async throws {
        let place = try await Place()
        let before = try await place.status()
        // One connection has four sessions, and nobody else is kept out by the thousand that it asks for.
        let greedy = try place.viewer()
        var answers: [Int: Int] = [:]
        for _ in 0..<1000 {
            answers[try await greedy.request("SETUP", "/door/stream=0", Self.interleaved).status, default: 0] += 1
            greedy.forgetSession()
        }
        #expect(answers == [200: 4, 503: 996])
        try await place.servesOthers("after a thousand SETUPs")
        greedy.close()
        try await place.settles(to: before)

        var viewers: [RTSPConversation] = []
        for _ in 0..<128 {
            let viewer = try place.viewer()
            #expect(try await viewer.request("SETUP", "/door/stream=0", Self.interleaved).status == 200)
            viewers.append(viewer)
        }
        let late = try [place.viewer(), place.viewer()]
        #expect(try await late[0].play("/door") == [503])
        #expect(try await late[1].request("SETUP", "/door/stream=0", Self.interleaved).status == 503)
        try await place.recorder.expect("more than 128 RTSP connections at a time")
        #expect(try await place.status().cameras[0].viewers.count == 128)
        #expect(try await viewers[0].request("PLAY", "/door").status == 200)
        try await viewers[0].receive(packets: 3)
        for viewer in late + viewers.dropFirst() { viewer.close() }
        try await eventually { try await place.status().cameras[0].viewers.count == 1 }
        try await place.servesOthers("after the others left")
        viewers[0].close()
        try await place.settles(to: before)
        try await place.end()
    }

    @Test("a thousand who say nothing, and handshakes that are never finished, keep nobody out and take up little")
    func idle() async throws {
        let place = try await Place()
        let before = try await place.status()
        let strangers = try Martlet(
            running: ["python3", "-c", Self.strangers, String(place.store.port), String(place.secure)]
        )
        try await strangers.expect("a thousand are connected")
        try await place.servesOthers("among a thousand strangers")
        let encrypted = ["-v", "error", "-rtsp_transport", "tcp", "-show_entries", "stream=width", "-of", "csv=p=0"]
        let seen = try await run(["ffprobe"] + encrypted + ["rtsps://127.0.0.1:\(place.secure)/door"])
        #expect(seen.output.hasPrefix("160"), "\(seen.errors)")
        let among = try await place.status()
        #expect(among.resources.descriptors < before.resources.descriptors + 200)
        #expect(among.resources.memory < before.resources.memory + 150_000_000)
        try await place.settles(to: before)
        strangers.send(SIGKILL)
        #expect(try await strangers.end() == -SIGKILL)
        try await place.end()
    }

    /// A thousand connections, of which every tenth sends the beginning of a ClientHello.
    ///
    /// In a process of its own: with more than 1024 descriptors Foundation starts no others from this one.
    private static let strangers = """
        import resource, signal, socket, sys
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        connections = []
        for number in range(1000):
            connections.append(socket.create_connection(("127.0.0.1", int(sys.argv[2 if number % 10 == 0 else 1]))))
            if number % 10 == 0: connections[-1].sendall(bytes([0x16, 3, 1, 2, 0, 1, 0, 1]))
        print("a thousand are connected", flush=True)
        signal.pause()
        """

    @Test("older than TLS 1.2 is not spoken")
    func versions() async throws {
        let place = try await Place()
        for (version, isSpoken) in [("-tls1", false), ("-tls1_1", false), ("-tls1_2", true), ("-tls1_3", true)] {
            // Debian's openssl itself would not ask for the older ones.
            let words = ["s_client", version, "-cipher", "DEFAULT@SECLEVEL=0", "-connect", "127.0.0.1:\(place.secure)"]
            let result = try await run(["openssl"] + words)
            let hasSpoken = result.status == 0
            #expect(hasSpoken == isSpoken, "\(version): \(result.output) \(result.errors)")
            // It is the server that will not, not openssl: it says so, or hangs up before that is on its way.
            let refusals = ["alert protocol version", "unexpected eof while reading"]
            #expect(isSpoken || refusals.contains { result.errors.contains($0) }, "\(version): \(result.errors)")
        }
        try await place.end()
    }

    /// What is wrong, what is sent, and what is answered: `nil` says that the server hangs up.
    private static func badRequests(_ port: Int) -> [(name: String, bytes: [UInt8], status: Int?)] {
        let url = "rtsp://127.0.0.1:\(port)"
        func request(_ method: String, _ path: String, _ headers: String = "CSeq: 1\r\n") -> [UInt8] {
            Array("\(method) \(url)\(path) RTSP/1.0\r\n\(headers)\r\n".utf8)
        }
        let megabyte = String(repeating: "a", count: 1 << 20)
        let type = "CSeq: 1\r\nContent-Type: application/sdp\r\n"
        return [
            (
                "a name that is not UTF-8",
                Array("DESCRIBE \(url)/".utf8) + [0xFF, 0xFE] + Array(" RTSP/1.0\r\nCSeq: 1\r\n\r\n".utf8), 404
            ),
            (
                "a user agent that is not UTF-8",
                Array("OPTIONS \(url)/door RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: ".utf8) + [0xC3, 0x28]
                    + Array("\r\n\r\n".utf8), 200
            ),
            ("a path that leads up", request("DESCRIBE", "/door/../../etc/passwd"), 404),
            ("a path that leads up and back", request("DESCRIBE", "/../door"), 404),
            ("a path that leads up in disguise", request("DESCRIBE", "/%2e%2e/door"), 404),
            ("a path with an end in it", request("DESCRIBE", "/door%00x"), 404),
            ("no CSeq", request("OPTIONS", "/door", ""), 400),
            ("a CSeq that is no number", request("OPTIONS", "/door", "CSeq: one\r\n"), 200),
            ("packets before PLAY", [0x24, 0, 0, 2, 1, 2, 0x24, 9, 0, 0] + request("OPTIONS", "/door"), 200),
            ("another's session", request("PLAY", "/door", "CSeq: 1\r\nSession: 1\r\n"), 454),
            ("PLAY without a session", request("PLAY", "/door"), 454),
            ("a header of a megabyte", request("OPTIONS", "/door", "CSeq: 1\r\nX: \(megabyte)\r\n"), nil),
            (
                "a hundred thousand headers",
                request("OPTIONS", "/door", "CSeq: 1\r\n" + String(repeating: "X: y\r\n", count: 100_000)), nil
            ),
            ("a URL of a megabyte", request("OPTIONS", "/\(megabyte)"), nil),
            ("a line without an end", Array(megabyte.utf8), nil),
            ("a body that is too long", request("ANNOUNCE", "/door", "\(type)Content-Length: 65537\r\n"), 413),
            (
                "a body longer than memory", request("ANNOUNCE", "/door", "\(type)Content-Length: 99999999999999\r\n"),
                413
            ),
            ("a body shorter than nothing", request("ANNOUNCE", "/door", "\(type)Content-Length: -1\r\n"), 400),
            ("a version that is not there yet", Array("OPTIONS * RTSP/3.0\r\nCSeq: 1\r\n\r\n".utf8), nil),
            ("a browser", Array("GET / HTTP/1.1\r\nHost: store\r\n\r\n".utf8), 403),
            ("RTSP within HTTP", Array("GET /door HTTP/1.0\r\nx-sessioncookie: 1\r\n\r\n".utf8), 403),
        ]
    }

    @Test("what is malformed is refused or hung up on, and nobody else notices")
    func badInput() async throws {
        let place = try await Place()
        let watching = try place.viewer()
        #expect(try await watching.play("/door") == [200, 200, 200])
        let before = try await place.status()
        for (name, bytes, status) in Self.badRequests(place.store.port) {
            let answer = try await place.viewer().answer(to: bytes)
            #expect(answer == status, "\(name)")
        }
        let after = try await place.status()
        #expect(after.resources.memory < before.resources.memory + 50_000_000)
        try await watching.receive(packets: 30)
        try await place.servesOthers("after all that")
        try await place.end()
    }

    @Test("whoever asks for anything without a name and a password is told that they are wanted, whatever it is")
    func probed() async throws {
        let place = try await Place()
        try place.scratch.write("password", "correct-horse-battery\n")
        let words = ["user", "add", "anna", "--password-file", place.scratch("password")]
        let added = try await run([try Martlet.path] + words + ["--config", place.store.configuration])
        #expect(added.status == 0, "\(added.errors)")
        try await eventually { try await place.viewer().request("OPTIONS", "/door").status == 401 }
        let methods = [
            "OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "RECORD", "ANNOUNCE", "TEARDOWN", "GET_PARAMETER",
            "SET_PARAMETER", "REDIRECT",
        ]
        let paths = [
            "/door", "/door/stream=0", "/Door", "/", "", "//door", "/nowhere", "/door/../door", "/../../etc/passwd",
            "/%2e%2e/door", "/door?user=anna", "/door%00", "/*",
        ]
        for method in methods {
            for path in paths {
                let status = try await place.viewer().request(method, path, Self.interleaved).status
                #expect(status == 401, "\(method) \(path)")
            }
        }
        let options = Array("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n".utf8)
        #expect(try await place.viewer().answer(to: options) == 401)
        let unknown = Array("PROPFIND rtsp://127.0.0.1/door RTSP/1.0\r\nCSeq: 1\r\n\r\n".utf8)
        #expect(try await place.viewer().answer(to: unknown) == 401)
        #expect(try await place.status().cameras[0].viewers.count == 0)
        try await place.end()
    }

    private static let interleaved = ["Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"]
}

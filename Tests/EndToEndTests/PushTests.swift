// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite("Push", .serialized, .timeLimit(.minutes(4)))
struct PushTests {
    /// A store that takes a camera in over TLS, and what runs the command against it.
    private struct PushStore {
        let store: TestStore
        let securePort: Int
        let fingerprint: String

        init(_ cameras: [(name: String, url: String, more: String)], in scratch: ScratchDirectory) async throws {
            store = try TestStore(cameras, in: scratch)
            securePort = try freePort()
            try serveEncrypted(store.configuration, at: "127.0.0.1:\(securePort)")
            fingerprint = try await Self.martlet("fingerprint", "--config", store.configuration)
        }

        func martlet(_ words: String...) async throws -> String {
            try await Self.martlet(words + ["--config", store.configuration])
        }

        private static func martlet(_ words: String...) async throws -> String { try await martlet(words) }

        private static func martlet(_ words: [String]) async throws -> String {
            let result = try await run([try Martlet.path] + words)
            #expect(result.status == 0, "\(result.errors)")
            return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    /// Has a camera push.
    private func push(_ camera: TestCamera, to url: String, _ tokenFile: String, _ fingerprint: String) throws {
        let file = camera.configuration
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let head = text.prefix(upTo: text.firstRange(of: "[camera.push]")?.lowerBound ?? text.endIndex)
        let table = """
            [camera.push]
            url = "\(url)"
            token-file = "\(tokenFile)"
            fingerprint = "\(fingerprint)"
            """
        try (head + "\n" + table).write(toFile: file, atomically: true, encoding: .utf8)
    }

    @Test("a camera that the store cannot reach brings its video, comes back to it, and is shown out with its token")
    func push() async throws {
        let scratch = try ScratchDirectory()
        let places = try await PushStore([("door", "", "")], in: scratch)
        let token = try await places.martlet("token", "issue", "door", "--rights", "publish")
        try scratch.write("token", token + "\n")
        let door = try TestCamera("door", in: scratch, size: (320, 240))
        let url = "rtsps://127.0.0.1:\(places.securePort)/door"
        try push(door, to: url, scratch("token"), places.fingerprint)
        // What GStreamer says is asked for too: reading it must never stop what it is about.
        let command = [try Martlet.path, "camera", "--config", door.configuration]
        let camera = try Martlet(running: command, environment: ["GST_DEBUG": "rtspclientsink:6"])
        try await camera.expect("connection refused by 127.0.0.1:\(places.securePort)")
        var store = try Martlet("store", "--config", places.store.configuration)
        try await store.expect("push runs: H.264 320×240")
        try await camera.expect("push runs: \(url)")
        // The store is gone without a word, and comes back.
        store.send(SIGKILL)
        #expect(try await store.end() == -SIGKILL)
        store = try Martlet("store", "--config", places.store.configuration)
        try await store.expect("push runs")
        // The camera is frozen for longer than the store waits for frames, and goes on.
        camera.send(SIGSTOP)
        try await store.expect("push stopped: no frame came for 5 s")
        camera.send(SIGCONT)
        try await store.expect("push runs", times: 2)
        // Its certificate is another one.
        let stranger = "sha256:" + String(repeating: "0", count: 64)
        try push(door, to: url, scratch("token"), stranger)
        try await camera.expect("shows another certificate than 'fingerprint' says: \(places.fingerprint)")
        try push(door, to: url, scratch("token"), places.fingerprint)
        try await store.expect("push runs", times: 3)
        _ = try await places.martlet("token", "issue", "door")
        let id = try await places.martlet("token", "list").split(separator: "\n").first { $0.contains("publish") }
        _ = try await places.martlet("token", "revoke", String(try #require(id).prefix(8)))
        try await store.expect("RTSP: 1 connection closed")
        try await camera.expect("the store refuses this camera's token")
        for process in [store, camera] {
            process.send(SIGTERM)
            #expect(try await process.end() == 0)
        }
        #expect(camera.count(of: token) + store.count(of: token) == 0)
        // What the store has is what the camera has, frame by frame, in order, none twice.
        let here = Footage(of: "door", in: places.store.directory)
        try await here.decodes()
        let pushed = try await here.accessUnits()
        let filmed = try await Footage(of: "door", in: door.directory).accessUnits()
        #expect(pushed.count > 20, "\(pushed.count)")
        var rest = filmed[...]
        for unit in pushed {
            let place = try #require(rest.firstIndex(of: unit), "not what the camera filmed, or out of order")
            rest = rest[(place + 1)...]
        }
    }

    @Test("a second publisher is refused and the first goes on; a dead first one is replaced")
    func second() async throws {
        let scratch = try ScratchDirectory()
        let places = try TestStore([("door", "", "")], in: scratch)
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("store of 1 camera,")
        func publisher(_ size: String) throws -> Martlet {
            let source = "testsrc=size=\(size):rate=30"
            let encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "15"]
            let target = ["-pix_fmt", "yuv420p", "-f", "rtsp", "-rtsp_transport", "tcp", places.url(of: "door")]
            return try Martlet(
                running: ["ffmpeg", "-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", source] + encoder + target
            )
        }
        let first = try publisher("320x240")
        try await store.expect("push runs: H.264 320×240")
        let second = try publisher("160x120")
        try await store.expect("a push from 127.0.0.1 is refused (455): another connection brings the video")
        #expect(try await second.end() != 0)
        #expect(store.count(of: "push stopped") == 0)
        // It is not there any more, and has not said so: the next one need not wait until somebody notices.
        first.send(SIGSTOP)
        var third = try publisher("160x120")
        try await eventually(within: .seconds(30)) {
            if third.isSilent { third = try publisher("160x120") }
            return store.count(of: "push runs: H.264 160×120") > 0
        }
        try await store.expect("push runs: H.264 160×120")
        store.send(SIGTERM)
        #expect(try await store.end() == 0)
        try await Footage(of: "door", in: places.directory).decodes()
    }

    @Test("what cannot be taken in is refused with the status that says why, and disturbs nobody")
    func refused() async throws {
        let scratch = try ScratchDirectory()
        let door = try TestCamera("door", in: scratch, size: (320, 240))
        let places = try TestStore([("door", door.url, ""), ("till", "", "")], in: scratch)
        let camera = try Martlet("camera", "--config", door.configuration)
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("receiver runs")
        func announce(_ path: String, _ description: String) async throws -> Int {
            try await RTSPConversation(port: places.port).announce(path, description).status
        }
        let head = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
        func stream(_ name: String, _ kind: String = "video") -> String {
            "m=\(kind) 0 RTP/AVP 96\r\na=rtpmap:96 \(name)/90000\r\na=control:stream=0\r\n"
        }
        #expect(try await announce("/nowhere", head + stream("H264")) == 404)
        #expect(try await announce("/../till", head + stream("H264")) == 404)
        #expect(try await announce("/door", head + stream("H264")) == 405)
        #expect(try await announce("/till", "this is no description") == 400)
        #expect(try await announce("/till", "") == 400)
        #expect(try await announce("/till", head + String(repeating: stream("H264"), count: 9)) == 400)
        #expect(try await announce("/till", head) == 415)
        #expect(try await announce("/till", head + stream("VP8")) == 415)
        #expect(try await announce("/till", head + stream("L16", "audio")) == 415)
        // Announced, and then nothing: the connection is closed, and the place free again.
        let silent = try RTSPConversation(port: places.port)
        #expect(try await silent.announce("/till", head + stream("H264")).status == 200)
        #expect(try await announce("/till", head + stream("H264")) == 455)
        #expect(await silent.isClosedByServer())
        #expect(try await announce("/till", head + stream("H264")) == 200)
        for process in [store, camera] {
            process.send(SIGTERM)
            #expect(try await process.end() == 0)
        }
        let footage = Footage(of: "door", in: places.directory)
        try await footage.decodes()
        #expect(breaks(in: try await footage.frameTimes()).isEmpty)
    }
}

// SPDX-License-Identifier: Apache-2.0
import Configuration
import GLib
import GStreamer
import Synchronization
import TestSupport
import Testing

@testable import Media

/// Receivers and the servers that there are in the world: each behaves badly in a way of its own.
@Suite("Receiver", .gstreamer, .mainLoop, .timeLimit(.minutes(3)))
struct ReceiverTests {
    private static let recording = Task { try await RTPRecording.made() }
    private static let other = Task { try await RTPRecording.made(width: 320, height: 240) }

    /// What receives: Martlet itself, or GStreamer where the user wants it so.
    enum Way: CaseIterable, Sendable { case interleaved, rtspsrc }

    /// Receives a camera that behaves so, until `isEnough`.
    private func receive(
        by way: Way,
        more: String = "",
        _ behave: (inout ScriptedCamera.Behaviour) -> Void,
        until isEnough: @escaping @MainLoop (SourceRunner, Feed) -> Bool,
        then body: @MainLoop (SourceRunner, Feed, ScriptedCamera) throws -> Void
    ) async throws {
        var behaviour = ScriptedCamera.Behaviour()
        behave(&behaviour)
        let camera = try ScriptedCamera(
            try await Self.recording.value,
            then: behaviour.changesAfter == nil ? nil : try await Self.other.value,
            behaviour
        )
        defer { camera.close() }
        let text = "[cameras.till]\nurl = \"\(camera.url)\"\n\(more)"
        let loaded = Configuration.parse(text)
        let remote = try #require(loaded.configuration?.cameras.first, "\(loaded.diagnostics)")
        let own = ["\(Product.repository)/pipelines"]
        let library = PipelineLibrary(users: way == .rtspsrc ? own : [], folders: own)
        let feed = Feed(camera: "till", origin: .sender)
        let runner = SourceRunner(Receiver(try #require(Receiver.Settings(remote)), library: library), feed: feed)
        let running = Task { await runner.run() }
        try await eventually(within: .seconds(60)) { await isEnough(runner, feed) }
        try await body(runner, feed, camera)
        await runner.stop()
        await running.value
    }

    /// What a camera may do, and a receiver must bear.
    enum Quirk: CaseIterable, Sendable {
        case noMarkers, audioBesides, silentKeepAlive, noReports
    }

    @Test("bears what is odd, and receives all frames", arguments: Quirk.allCases, Way.allCases)
    func quirk(_ quirk: Quirk, by way: Way) async throws {
        try await receive(by: way) { behaviour in
            switch quirk {
            case .noMarkers: behaviour.withMarkers = false
            case .audioBesides: behaviour.hasAudio = true
            // Sessions of a second are kept alive several times within the test.
            case .silentKeepAlive: (behaviour.ignoresKeepAlive, behaviour.sessionTimeout) = (true, 2)
            case .noReports: break
            }
        } until: { _, feed in
            feed.statistics.frames >= 200
        } then: { runner, feed, camera in
            #expect(runner.faults == 0, "\(runner.lastFault?.cause ?? "")")
            #expect(feed.run?.number == 1)
            #expect(feed.statistics.undecodable == 0)
            #expect(camera.requests.count { $0 == "SETUP" } == 1)
            // Where the server offers it, since some servers take nothing else for a sign of life.
            if quirk == .silentKeepAlive, way == .interleaved {
                #expect(camera.requests.contains("GET_PARAMETER"))
            }
        }
    }

    @Test("a server that believes nobody any more is not asked without end, and what it sends is received")
    func disbelief() async throws {
        let scratch = try ScratchDirectory()
        try scratch.write("password", "open sesame\n")
        let more = "user = \"admin\"\npassword-file = \"\(scratch("password"))\"\n"
        try await receive(by: .interleaved, more: more) {
            $0.authentication = .digest(user: "admin", password: "open sesame")
            ($0.challengesKeepAlive, $0.sessionTimeout) = (true, 2)
        } until: { _, feed in
            feed.statistics.frames >= 200
        } then: { runner, _, camera in
            #expect(runner.faults == 0)
            let signs = camera.requests.count { $0 == "GET_PARAMETER" }
            // One a second, and one more for each challenge.
            #expect(signs >= 2 && signs < 60, "\(signs) in some seconds")
        }
    }

    @Test("new parameter sets begin another run, and not a frame is lost", arguments: Way.allCases)
    func parameterSets(by way: Way) async throws {
        try await receive(by: way) {
            $0.changesAfter = 1
        } until: { _, feed in
            feed.statistics.frames >= 150
        } then: { runner, feed, _ in
            #expect(runner.faults == 0, "\(runner.lastFault?.cause ?? "")")
            #expect(feed.run?.number == 2)
            #expect(feed.run?.format.int("width") == 320)
            #expect(feed.statistics.undecodable == 0)
        }
    }

    @Test("a connection that falls silent is given up, and made anew", arguments: Way.allCases)
    func halfOpen(by way: Way) async throws {
        try await receive(by: way) {
            $0.freezesAfter = 1
        } until: { _, feed in
            feed.statistics.frames >= 120
        } then: { runner, feed, camera in
            #expect(runner.lastFault?.cause == "no frame came for 5 s")
            #expect(runner.faults == 1)
            #expect(camera.connections == 2)
            #expect(feed.run?.number == 2)
        }
    }

    @Test("a server that answers OPTIONS alone is given up, and tried again", arguments: Way.allCases)
    func optionsOnly(by way: Way) async throws {
        try await receive(by: way) {
            $0.answersOnlyOptions = true
        } until: { runner, _ in
            runner.faults >= 2
        } then: { runner, feed, camera in
            #expect(feed.statistics.frames == 0)
            let cause = try #require(runner.lastFault?.cause)
            #expect(cause.hasPrefix("the server does not answer: ") && cause.hasSuffix(" (\(camera.url))"))
        }
    }

    /// What a server may say, and what a user is told.
    private static let refusals = [
        ("404 Not Found", "the server has no such stream: Not Found (404)"),
        ("453 Not Enough Bandwidth", "the server takes no more clients: Not Enough Bandwidth (453)"),
        ("503 Service Unavailable", "the server has no video at present: Service Unavailable (503)"),
    ]

    @Test("a refusal is said in words, and tried again until it is none", arguments: refusals, Way.allCases)
    func refusal(_ answer: (status: String, cause: String), by way: Way) async throws {
        let (status, cause) = answer
        try await receive(by: way) {
            ($0.refusals, $0.refusal) = (2, status)
        } until: { _, feed in
            feed.statistics.frames >= 30
        } then: { runner, _, camera in
            #expect(runner.faults == 2)
            #expect(runner.lastFault?.cause == "\(cause) (\(camera.url))")
        }
    }

    /// How a server asks who it is, and whether the password is right.
    private static let passwords: [(String, Bool)] = [
        ("basic", true), ("digest", true), ("basic", false), ("digest", false),
    ]

    @Test("logs in as the server wants it; a wrong password is said", arguments: passwords, Way.allCases)
    func authentication(_ login: (scheme: String, isRight: Bool), by way: Way) async throws {
        let (scheme, isRight) = login
        let scratch = try ScratchDirectory()
        try scratch.write("password", isRight ? "open sesame\n" : "wrong\n")
        let more = "user = \"admin\"\npassword-file = \"\(scratch("password"))\"\n"
        try await receive(by: way, more: more) { behaviour in
            behaviour.authentication =
                scheme == "basic"
                ? .basic(user: "admin", password: "open sesame") : .digest(user: "admin", password: "open sesame")
        } until: { runner, feed in
            isRight ? feed.statistics.frames >= 30 : runner.faults >= 2
        } then: { runner, feed, _ in
            if isRight {
                #expect(runner.faults == 0)
            } else {
                #expect(runner.lastFault?.cause.hasPrefix("the server refuses user and password") == true)
                #expect(runner.lastFault?.cause.contains("wrong") == false)
            }
        }
    }

    /// The words for a table with a token.
    private func token(in scratch: ScratchDirectory) throws -> String {
        try scratch.write("token", "martlet_secret\n")
        return "token-file = \"\(scratch("token"))\"\n"
    }

    @Test("a token is a password of the camera's name", arguments: Way.allCases)
    func token(by way: Way) async throws {
        let scratch = try ScratchDirectory()
        try await receive(by: way, more: token(in: scratch)) { behaviour in
            behaviour.authentication = .digest(user: "till", password: "martlet_secret")
        } until: { _, feed in
            feed.statistics.frames >= 30
        } then: { runner, _, _ in
            #expect(runner.faults == 0)
        }
    }

    @Test(
        "a redirection is followed, and the token stays with the server that it is for",
        arguments: [true, false],
        Way.allCases
    )
    func redirection(hasToken: Bool, by way: Way) async throws {
        let scratch = try ScratchDirectory()
        try scratch.write("password", "open sesame\n")
        let login = "user = \"admin\"\npassword-file = \"\(scratch("password"))\"\n"
        var other = ScriptedCamera.Behaviour()
        other.authentication = .digest(user: "admin", password: "open sesame")
        let target = try ScriptedCamera(try await Self.recording.value, other)
        defer { target.close() }
        try await receive(by: way, more: hasToken ? token(in: scratch) : login) { behaviour in
            behaviour.redirection = target.url
        } until: { runner, feed in
            hasToken ? runner.faults >= 1 : feed.statistics.frames >= 30
        } then: { runner, feed, camera in
            #expect(target.requests.isEmpty == hasToken)
            #expect((feed.statistics.frames == 0) == hasToken)
            let cause = "the server sends to \(target.url), which the token or fingerprint is not for (\(camera.url))"
            #expect(runner.lastFault?.cause == (hasToken ? cause : nil))
        }
    }

    @Test("a camera that sends what is not understood here is received by rtspsrc, which is said once")
    func fallback() async throws {
        try await receive(by: .interleaved) {
            $0.packetizationMode = 2
        } until: { _, feed in
            feed.statistics.frames >= 60
        } then: { runner, _, camera in
            #expect(runner.faults == 1)
            let cause = "the camera sends packets in another order (packetization-mode 2): receiving it by rtspsrc"
            #expect(runner.lastFault?.cause == cause)
            #expect(camera.connections == 2)
        }
    }

    @Test("what nobody watches comes in batches, and what somebody watches as it comes; not a frame is lost")
    func batches() async throws {
        let arrivals = Arrivals()
        try await receive(by: .interleaved) { _ in
        } until: { _, feed in
            join(feed, arrivals, as: .recorder)
            return feed.statistics.frames >= 150
        } then: { runner, feed, _ in
            #expect(runner.faults == 0)
            #expect(feed.statistics.undecodable == 0)
        }
        // Sixty frames as they came, and then some at a time.
        #expect(arrivals.largestBatch >= 2)
        let watched = Arrivals()
        try await receive(by: .interleaved) { _ in
        } until: { _, feed in
            join(feed, watched, as: .viewer)
            return feed.statistics.frames >= 150
        } then: { runner, _, _ in
            #expect(runner.faults == 0)
        }
        #expect(watched.share < arrivals.share, "as many frames came together although somebody watched")
    }

    private func join(_ feed: Feed, _ consumer: Arrivals, as role: Feed.Role) {
        guard feed.count(of: role) == 0 else { return }
        _ = feed.subscribe(consumer, as: role, from: .nextKeyframe, limit: .max)
    }

    /// Notes how frames come: those within a millisecond came together.
    private final class Arrivals: FeedConsumer {
        private let state = Mutex((last: ClockTime(nanoseconds: 0), batch: 0, largest: 0, count: 0, together: 0))

        func push(_ sample: borrowing Sample) -> AppSource.PushResult {
            state.withLock { state in
                let now = ClockTime.now
                let isTogether = now - state.last < .milliseconds(1)
                state.batch = isTogether ? state.batch + 1 : 1
                state.largest = max(state.largest, state.batch)
                state.count += 1
                state.together += isTogether ? 1 : 0
                state.last = now
            }
            return .accepted
        }

        var queuedBytes: Int { 0 }
        func endOfStream() {}
        var largestBatch: Int { state.withLock { $0.largest } }
        /// Of all frames, those that came together with the one before.
        var share: Double { state.withLock { Double($0.together) / Double(max($0.count, 1)) } }
    }

    @Test("who cannot be reached is named, and why")
    @MainLoop
    func unreachable() async throws {
        let port = try freePort()
        #expect(await Reachability.trouble(host: "127.0.0.1", port: port) == "connection refused by 127.0.0.1:\(port)")
        let name = await Reachability.trouble(host: "till.invalid", port: 554)
        #expect(name?.hasPrefix("the name till.invalid does not resolve: ") == true)
        let camera = try ScriptedCamera(try await Self.recording.value, .init())
        #expect(await Reachability.trouble(host: "127.0.0.1", port: camera.port) == nil)
        camera.close()
    }
}

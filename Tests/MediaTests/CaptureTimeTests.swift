// SPDX-License-Identifier: Apache-2.0
import Configuration
import Footage
import Foundation
import GLib
import GStreamer
import Media
import Serving
import TestSupport
import Testing

@Suite("Capture times", .mainLoop, .timeLimit(.minutes(1)))
struct CaptureTimeTests {
    /// The machine's clock with what a test says of it.
    private static func clock(off: Duration, isSynchronised: Bool) -> WallClock {
        WallClock(boot: "test") {
            var reading = WallClock.system.read()
            reading.utc = reading.utc + off
            reading.isSynchronised = isSynchronised
            return reading
        }
    }

    /// Frames of a camera that says its clock is right or not, as a store receives them by RTSP.
    @MainLoop
    private func received(
        cameraIsSynchronised: Bool,
        storeIsOff: Duration,
        _ body: (Feed) async throws -> Void
    ) async throws {
        let library = PipelineLibrary(folders: ["\(Product.repository)/pipelines"])
        let camera = Feed(
            camera: "door",
            origin: .mediaClock,
            wallClock: Self.clock(off: .zero, isSynchronised: cameraIsSynchronised)
        )
        let port = try freePort()
        let listen = try ListenAddress(parsing: "127.0.0.1:\(port)")
        let service = try RTSPService(listen: listen, library: library)
        service.serve(camera)
        let text = """
            [camera]
            name = "door"
            source = "test"
            width = 160
            height = 120
            [cameras.door]
            url = "rtsp://127.0.0.1:\(port)/door"
            """
        let scratch = try ScratchDirectory()
        try scratch.write("config.toml", text)
        let configuration = try #require(try Configuration.load(path: scratch("config.toml")).configuration)
        let capture = try Capture(try #require(configuration.camera), library: library)
        let remote = try #require(configuration.cameras.first)
        let store = Feed(
            camera: "door",
            origin: .sender,
            wallClock: Self.clock(off: storeIsOff, isSynchronised: false)
        )
        let receiver = try Receiver(url: try #require(remote.url), camera: remote, library: library)
        let runners = [SourceRunner(capture, feed: camera), SourceRunner(receiver, feed: store)]
        let running = runners.map { runner in Task { await runner.run() } }
        try await body(store)
        for runner in runners { runner.stop() }
        for task in running { await task.value }
        service.close()
    }

    @Test("a store whose clock is a year off has the time of capture from a camera that knows it, within 50 ms")
    @MainLoop
    func capturedAtTheCamera() async throws {
        try await received(cameraIsSynchronised: true, storeIsOff: .seconds(-365 * 86_400)) { feed in
            try await eventually(within: .seconds(20)) { feed.run?.clock.mapping.state == .captured }
            let mapping = try #require(feed.run?.clock.mapping)
            // What was captured now is said to be captured now, but for the way here.
            let error = mapping.wallTime(of: ClockTime.now) - UTCTime.now
            #expect(max(error, .zero - error) < .milliseconds(50), "\(error)")
        }
    }

    @Test("a camera that does not know the time is not believed")
    @MainLoop
    func unsynchronisedCamera() async throws {
        try await received(cameraIsSynchronised: false, storeIsOff: .zero) { feed in
            // Long enough for sender reports: the first comes with the first frames.
            try await eventually(within: .seconds(20)) { feed.statistics.frames > 150 }
            #expect(feed.run?.clock.mapping.state == .unsynchronised)
        }
    }
}

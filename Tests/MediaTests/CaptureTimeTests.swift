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

@Suite("Capture times", .mainLoop, .timeLimit(.minutes(2)))
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

    /// When each frame of a feed is shown, by its hash.
    private final class Frames: Sendable {
        private let pipeline: Pipeline
        private let collector: FrameCollector

        init(of feed: Feed) async throws {
            pipeline = try Pipeline(
                parsing:
                    "appsrc name=feed is-live=true format=time handle-segment-change=true ! appsink name=out sync=false"
            )
            collector = FrameCollector(of: try #require(pipeline.appSink(named: "out")))
            await pipeline.setState(.playing)
            let source = try #require(pipeline.appSource(named: "feed"))
            _ = feed.subscribe(source, as: .viewer, from: .nextKeyframe, limit: 16 << 20)
        }

        var times: [String: ClockTime] {
            collector.all.reduce(into: [:]) { times, frame in times[frame.hash] = frame.presentation }
        }
    }

    /// Frames of a camera that says its clock is right or not, as a store receives them by RTSP.
    @MainLoop
    private func received(
        cameraIsSynchronised: Bool,
        storeIsOff: Duration,
        _ body: (_ camera: Feed, _ store: Feed) async throws -> Void
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
        let capture = Capture(Capture.Settings(try #require(configuration.camera)), library: library)
        let remote = try #require(configuration.cameras.first)
        let store = Feed(
            camera: "door",
            origin: .sender,
            wallClock: Self.clock(off: storeIsOff, isSynchronised: false)
        )
        let receiver = Receiver(try #require(Receiver.Settings(remote)), library: library)
        let runners = [SourceRunner(capture, feed: camera), SourceRunner(receiver, feed: store)]
        let running = runners.map { runner in Task { await runner.run() } }
        try await body(camera, store)
        for runner in runners { runner.stop() }
        for task in running { await task.value }
        service.close()
    }

    @Test("a store whose clock is a year off has the time of capture from a camera that knows it, within 50 ms")
    @MainLoop
    func capturedAtTheCamera() async throws {
        try await received(cameraIsSynchronised: true, storeIsOff: .seconds(-365 * 86_400)) { camera, store in
            let (filmed, kept) = (try await Frames(of: camera), try await Frames(of: store))
            try await eventually(within: .seconds(50)) { store.run?.clock.mapping.state == .captured }
            let mapping = try #require(store.run?.clock.mapping)
            let truth = WallClock.system.read().offset
            try await eventually { !Set(filmed.times.keys).intersection(kept.times.keys).isEmpty }
            let captured = filmed.times
            for (hash, time) in kept.times {
                guard let capture = captured[hash] else { continue }
                let error = mapping.wallTime(of: time) - (UTCTime(nanoseconds: Int64(capture.nanoseconds)) + truth)
                #expect(max(error, .zero - error) < .milliseconds(50), "\(error)")
            }
        }
    }

    @Test("a camera that does not know the time is not believed")
    @MainLoop
    func unsynchronisedCamera() async throws {
        try await received(cameraIsSynchronised: false, storeIsOff: .zero) { _, feed in
            // Long enough for sender reports: the first comes with the first frames.
            try await eventually(within: .seconds(50)) { feed.statistics.frames > 150 }
            #expect(feed.run?.clock.mapping.state == .unsynchronised)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
import Configuration
import Footage
import Foundation
import GLib
import GStreamer
import Synchronization
import TestSupport
import Testing

@testable import Media

/// Captures that fail as drivers and encoders do, with the real pipelines around them.
@Suite("Faults", .gstreamer, .mainLoop, .timeLimit(.minutes(3)))
struct FaultTests {
    /// A test picture whose encoder fails after a while, watched more closely than a real one.
    private struct FaultySource: FeedSource {
        let kind = "capture"
        let name = "capture/faulty"
        let hasEncoder = true
        let fault = Gap.Reason.camera
        let description: String

        /// `fault` after thirty frames, for pipelines whose number is below `healthy`.
        init(fault: String, after frames: Int = 30) {
            description =
                "videotestsrc is-live=true ! video/x-raw,format=I420,width=160,height=120,framerate=30/1 "
                + "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 option-string=scenecut=0 "
                + "! h264parse ! video/x-h264,stream-format=avc,alignment=au "
                + "! faulty fault=\(fault) after=\(frames) ! appsink name=feed sync=false"
        }

        var policy: Supervisor.Policy {
            var policy = Supervisor.Policy()
            policy.stallTimeout = .seconds(2)
            policy.startTimeout = .seconds(3)
            policy.keyframeTimeout = .seconds(3)
            return policy
        }

        func makePipeline() throws -> any SourcePipeline {
            try FaultyPlugin.load()
            return try Pipeline(parsing: description)
        }
    }

    /// Runs a source until `isEnough`, and to its end.
    private func run(
        _ source: FaultySource,
        until isEnough: @escaping @MainLoop (SourceRunner, Feed) -> Bool,
        then body: @MainLoop (SourceRunner, Feed) throws -> Void
    ) async throws {
        let feed = Feed(camera: "door", origin: .mediaClock)
        let runner = SourceRunner(source, feed: feed)
        let running = Task { await runner.run() }
        try await eventually(within: .seconds(60)) { await isEnough(runner, feed) }
        try await body(runner, feed)
        await runner.stop()
        await running.value
    }

    /// What goes wrong, and what is said of it.
    private static let kinds = [
        ("silent", "no frame came for 2 s"),
        ("hang", "no frame came for 2 s"),
        ("never", "no frame came within 3 s after the start"),
        ("error", "The encoder broke. (faulty"),
        ("end", "the stream ended"),
        ("headless", "frames come, but no keyframe for 3 s"),
    ]

    @Test("what fails is noticed, named, and made anew; the main loop turns all the while", arguments: kinds)
    func fault(kind: String, cause: String) async throws {
        // One that never becomes ready has no frames.
        let frames = kind == "never" ? 0 : 40
        try await run(FaultySource(fault: kind)) { runner, feed in
            runner.faults >= 2 && feed.statistics.frames >= frames
        } then: { runner, _ in
            #expect(runner.lastFault?.cause.hasPrefix(cause) == true, "\(runner.lastFault?.cause ?? "")")
        }
    }

    @Test("pipelines that hang for ever are not joined by ever more, and a stop does not wait for them")
    func hanging() async throws {
        let source = FaultySource(fault: "hang", after: 0)
        try await run(source) { runner, _ in
            if case .stuck = runner.state { true } else { false }
        } then: { runner, _ in
            #expect(runner.faults == source.policy.hangLimit)
        }
    }

    @Test("a flood of warnings crowds out neither frames nor the end")
    func flood() async throws {
        try await run(FaultySource(fault: "flood")) { _, feed in
            feed.statistics.frames >= 90
        } then: { runner, feed in
            #expect(runner.faults == 0)
            #expect(feed.run?.number == 1)
        }
    }

    @Test("timestamps that jump begin another run, and are no fault", arguments: ["jump", "back"])
    func timestamps(kind: String) async throws {
        try await run(FaultySource(fault: kind)) { _, feed in
            feed.run?.number == 2 && feed.statistics.frames >= 90
        } then: { runner, feed in
            #expect(runner.faults == 0)
            #expect(feed.ending(of: 1)?.detail == "the timestamps jumped")
            // At most up to the next keyframe.
            #expect(feed.statistics.undecodable <= 15)
        }
    }

    @Test("a format that changes begins another run, and not a frame is lost")
    func format() async throws {
        let feed = Feed(camera: "door", origin: .mediaClock)
        func part(_ width: Int) -> String {
            "videotestsrc is-live=true num-buffers=30 ! video/x-raw,format=I420,width=\(width),height=120,framerate=30/1 "
                + "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 "
                + "! h264parse ! video/x-h264,stream-format=avc,alignment=au ! queue ! parts. "
        }
        let pipeline = try Pipeline(
            parsing: "concat name=parts ! appsink name=feed sync=false \(part(160)) \(part(320))"
        )
        try #require(pipeline.appSink(named: "feed")).onSample { feed.push($0) }
        await pipeline.setState(.playing)
        try await eventually(within: .seconds(30)) { feed.statistics.frames == 60 }
        #expect(feed.run?.number == 2)
        #expect(feed.run?.format.int("width") == 320)
        #expect(feed.ending(of: 1)?.detail == "the format changed")
        #expect(feed.statistics.undecodable == 0)
        await pipeline.setState(.null)
    }

    @Test("a recording that hangs is abandoned, and another goes on")
    @MainLoop
    func hangingRecording() async throws {
        try FaultyPlugin.load()
        let scratch = try ScratchDirectory()
        try scratch.makeFolder("record")
        let description = try String(contentsOfFile: "\(Product.repository)/pipelines/record/mp4.gst", encoding: .utf8)
        // The first recording hangs after two seconds; the description is mended meanwhile.
        try scratch.write(
            "record/mp4.gst",
            description.replacing("! splitmuxsink", with: "! faulty fault=hang after=60 ! splitmuxsink")
        )
        let library = PipelineLibrary(users: [scratch.path], folders: ["\(Product.repository)/pipelines"])
        let text = "[camera]\nname = \"door\"\nsource = \"test\"\nwidth = 160\nheight = 120"
        let settings = Capture.Settings(try #require(Configuration.parse(text).configuration?.camera))
        let feed = Feed(camera: "door", origin: .mediaClock)
        let directory = RecordingDirectory(.init(directory: scratch("store")), journal: .silent)
        let recorder = Recorder(
            feed: feed,
            directory: directory,
            library: library,
            settings: .init(chunkDuration: .seconds(86_400)),
            patience: .seconds(2)
        )
        let camera = Camera(
            feed: feed,
            source: SourceRunner(Capture(settings, library: library), feed: feed),
            recorder: recorder,
            publisher: Publisher(feed: feed, library: library, settings: nil)
        )
        let running = Task { await camera.run() }
        try await eventually(within: .seconds(30)) { recorder.openChunk != nil }
        try scratch.write("record/mp4.gst", description)
        try await eventually(within: .seconds(30)) { camera.recordingTrouble != nil }
        #expect(camera.recordingTrouble == "the disk, or what writes to it, took nothing for 2 s")
        try await eventually(within: .seconds(30)) { camera.recordingTrouble == nil && recorder.openChunk != nil }
        #expect(camera.source.faults == 0)
        camera.stop()
        await running.value
        let chunks = try await directory.store().index.chunks()
        #expect(chunks.map(\.state) == [.open, .complete])
        await directory.close()
    }

    @Test("other settings take the place of those that run: the bit rate at once, the rest in a new run")
    @MainLoop
    func replacing() async throws {
        let library = PipelineLibrary(folders: ["\(Product.repository)/pipelines"])
        func capture(_ more: String) throws -> Capture {
            let text = "[camera]\nname = \"door\"\nsource = \"test\"\nwidth = 160\nheight = 120\n\(more)"
            return Capture(
                Capture.Settings(try #require(Configuration.parse(text).configuration?.camera)),
                library: library
            )
        }
        let feed = Feed(camera: "door", origin: .mediaClock)
        let runner = SourceRunner(try capture(""), feed: feed)
        let running = Task { await runner.run() }
        try await eventually(within: .seconds(30)) { feed.statistics.frames > 30 }
        runner.replace(with: try capture("bitrate = \"1 Mbit/s\""), hasNewDescription: false)
        let before = feed.statistics.frames
        try await eventually(within: .seconds(30)) { feed.statistics.frames > before + 45 }
        #expect(feed.run?.number == 1)
        runner.replace(with: try capture("framerate = 15"), hasNewDescription: false)
        try await eventually(within: .seconds(30)) { feed.run?.number == 2 }
        #expect(runner.faults == 0)
        #expect(feed.ending(of: 1)?.reason == .stopped)
        runner.stop()
        await running.value
    }

    @Test("a description that is nonsense is the camera's fault, with its file and line; mended, it runs")
    @MainLoop
    func nonsense() async throws {
        let scratch = try ScratchDirectory()
        try scratch.makeFolder("capture")
        let good =
            "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=30/1\n! x264enc tune=zerolatency\n"
            + "! h264parse ! video/x-h264,stream-format=avc,alignment=au ! appsink name=feed"
        try scratch.write("capture/mine.gst", good.replacing("! x264enc", with: "! nosuchencoder"))
        let text = "[camera]\nname = \"door\"\nsource = \"mine\"\n"
        let settings = Capture.Settings(try #require(Configuration.parse(text).configuration?.camera))
        let feed = Feed(camera: "door", origin: .mediaClock)
        let runner = SourceRunner(Capture(settings, library: PipelineLibrary(folders: [scratch.path])), feed: feed)
        let running = Task { await runner.run() }
        try await eventually(within: .seconds(30)) { runner.faults > 1 }
        let cause = try #require(runner.lastFault?.cause)
        #expect(cause.hasPrefix("\(scratch("capture/mine.gst")):2: ") && cause.contains("nosuchencoder"), "\(cause)")
        try scratch.write("capture/mine.gst", good)
        try await eventually(within: .seconds(30)) { runner.isRunning }
        runner.stop()
        await running.value
    }
}

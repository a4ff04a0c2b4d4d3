// SPDX-License-Identifier: Apache-2.0
import CGStreamer
import Footage
import GLib
import GStreamer
import Media
import Synchronization
import TestSupport

/// `TestProbe leaks SCENARIO`: makes things of GStreamer's, uses them, lets go of them and ends GStreamer, whose tracer
/// `leaks` then says what is left.
enum LeakScenarios {
    static func run(_ name: String) {
        Log.start()
        Library.start()
        MainLoop.run {
            do { try await perform(name) } catch { fatalError("\(error)") }
        }
        // The RTSP server's threads still let go of its last client's pipeline.
        gst_rtsp_thread_pool_cleanup()
        gst_deinit()
    }

    @MainLoop private static func perform(_ name: String) async throws {
        switch name {
        case "nothing": break
        case "one element that nobody gives back": _ = gst_element_factory_make("fakesink", nil)
        case "pipelines": try await pipelines()
        case "parse errors": parseErrors()
        case "samples": try await samples()
        case "signals and properties": try signals()
        case "pushed samples": try await pushed()
        case "a byte sink": try await byteSink(isComplete: true)
        case "a byte sink without an end": try await byteSink(isComplete: false)
        case "an RTSP server": try await server()
        case "a feed and its recorder": try await recorder()
        default: fatalError("unknown scenario")
        }
    }

    private static func pipelines() async throws {
        for _ in 0..<3 {
            let pipeline = try Pipeline(
                parsing: "videotestsrc num-buffers=5 ! tee name=t ! queue ! fakesink t. ! queue ! fakesink"
            )
            _ = pipeline.element(named: "t")?.name
            _ = pipeline.appSink(named: "t")
            try await play(pipeline)
        }
        let single = try Pipeline(parsing: "fakesrc num-buffers=2")
        await single.setState(.playing)
        await single.setState(.null)
        let bin = try Bin.parse("queue name=first ! queue")
        _ = bin.element(named: "first")
    }

    private static func parseErrors() {
        for text in ["videotestsrc ! nosuchelement ! fakesink", "fakesrc ! ! fakesink", "fakesrc nosuch=1", ""] {
            do throws(ParseError) { _ = try Pipeline(parsing: text) } catch { _ = error.description }
            do throws(ParseError) { _ = try Bin.parse(text) } catch { _ = error.description }
        }
    }

    private static func samples() async throws {
        let pipeline = try Pipeline(
            parsing: "videotestsrc num-buffers=10 ! x264enc key-int-max=5 ! h264parse "
                + "! video/x-h264,stream-format=avc,alignment=au ! appsink name=feed sync=false"
        )
        let queue = Mutex(SampleQueue())
        guard let sink = pipeline.appSink(named: "feed") else { fatalError("there is no appsink") }
        let box = Box(queue)
        sink.onSample { sample in
            guard let caps = sample.caps else { return }
            let time = ClockTime(nanoseconds: 1)
            let copy = sample.retimed(presentation: time, decode: time, caps: caps)
            let isSame = copy.hasCaps(caps)
            if let bare = sample.withoutParameterSets() { box.value.withLock { $0.append(bare) } }
            box.value.withLock { queue in
                if isSame { queue.append(copy) }
                if queue.count > 6 { queue.removeAll() }
            }
        }
        try await play(pipeline)
    }

    private static func signals() throws {
        let element = try Bin.parse("identity name=i ! queue name=q")
        guard let identity = element.element(named: "i"), let queue = element.element(named: "q") else { return }
        let held = try Bin.parse("fakesink")
        identity.connect("handoff") { _ in
            _ = held.name
            return nil
        }
        try identity.set("silent", to: false)
        try queue.set("leaky", fromText: "downstream")
        _ = try identity.get("name", as: String.self)
    }

    private static func pushed() async throws {
        let pipeline = try Pipeline(
            parsing: "appsrc name=in format=time handle-segment-change=true ! appsink name=out sync=false"
        )
        guard let source = pipeline.appSource(named: "in"), let sink = pipeline.appSink(named: "out") else { return }
        let frames = FrameCollector(of: sink)
        await pipeline.setState(.playing)
        for index in 0..<10 {
            let time = ClockTime(nanoseconds: UInt64(index))
            _ = source.push(Sample.made(of: [1, 2, 3], presentation: time, isKeyframe: true))
        }
        _ = await frames.next(10)
        await pipeline.setState(.null)
        // What is never taken out again is let go of as well.
        let stopped = try Pipeline(parsing: "appsrc name=in ! fakesink")
        _ = stopped.appSource(named: "in")?.push(Sample.made(of: [1], presentation: nil, isKeyframe: true))
    }

    private static func byteSink(isComplete: Bool) async throws {
        let pipeline = try Pipeline(
            parsing:
                "videotestsrc \(isComplete ? "num-buffers=20" : "is-live=true") ! x264enc tune=zerolatency key-int-max=5 "
                + "! h264parse ! splitmuxsink name=chunks muxer=\"mp4mux fragment-duration=100\""
        )
        let target = Target()
        try pipeline.element(named: "chunks")?.set("sink", to: ByteSink(target: target))
        if isComplete {
            try await play(pipeline)
        } else {
            await pipeline.setState(.playing)
            for await _ in target.written { break }
            await pipeline.setState(.null)
        }
    }

    private final class Target: ByteSinkTarget {
        let written: AsyncStream<Void>
        private let write: AsyncStream<Void>.Continuation

        init() { (written, write) = AsyncStream.makeStream(of: Void.self) }

        func open(_ location: String) throws(ByteSinkRefusal) {}
        func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ByteSinkRefusal) { write.yield() }
        func close(complete: Bool) {}
        func interrupt(_ interrupted: Bool) {}
    }

    @MainLoop private static func server() async throws {
        let port = try freePort()
        let server = try RTSPServer(host: "127.0.0.1", port: port) { $0.path != "/away" }
        let (ends, ended) = AsyncStream.makeStream(of: Void.self)
        let factory = RTSPMediaFactory(
            .init(
                makeBin: { _ in
                    do throws(ParseError) {
                        return try Bin.parse(
                            "videotestsrc is-live=true ! x264enc tune=zerolatency ! rtph264pay name=pay0 pt=96"
                        )
                    } catch { fatalError("\(error)") }
                },
                started: { bin, _ in _ = bin.element(named: "pay0") },
                stopped: { _ in ended.yield() }
            )
        )
        server.mount(factory, at: "/front-door")
        server.mount(factory, at: "/away")
        for path in ["/front-door", "/away", "/nowhere", "/front-door"] {
            let client = try RTSPConversation(port: port)
            let reply = try await client.request("DESCRIBE", path, ["Accept": "application/sdp"])
            guard reply.status == 200, let control = reply.control else { continue }
            let transport = ["Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"]
            _ = try await client.request("SETUP", "\(path)/\(control)", transport)
            _ = try await client.request("PLAY", path)
            _ = try await client.request("TEARDOWN", path)
            for await _ in ends { break }
        }
        // One that sets up several times, and once in vain, and goes; and one that speaks HTTP.
        do {
            let greedy = try RTSPConversation(port: port)
            for transport in [
                "RTP/AVP;multicast", "RTP/AVP/TCP;unicast;interleaved=0-1", "RTP/AVP;unicast;client_port=4-5",
            ] {
                _ = try await greedy.request("SETUP", "/front-door/stream=0", ["Transport": transport])
                greedy.forgetSession()
            }
        }
        for _ in 0..<2 { for await _ in ends { break } }
        _ = try await RTSPConversation(port: port).answer(to: Array("GET / HTTP/1.0\r\n\r\n".utf8))
        // One that goes without a word, and one that is there when the server ends.
        _ = try await RTSPConversation(port: port).request("OPTIONS", "/front-door")
        let last = try RTSPConversation(port: port)
        _ = try await last.request("DESCRIBE", "/front-door", ["Accept": "application/sdp"])
        server.unmount("/away")
        server.close()
        _ = await last.isClosedByServer()
        for await _ in ends { break }
    }

    @MainLoop private static func recorder() async throws {
        let scratch = try ScratchDirectory()
        let feed = Feed(camera: "front-door", origin: .mediaClock)
        let library = PipelineLibrary(folders: ["\(Product.repository)/pipelines"])
        let directory = RecordingDirectory(.init(directory: scratch.path), journal: .silent)
        let recorder = Recorder(
            feed: feed,
            directory: directory,
            library: library,
            settings: .init(chunkDuration: .seconds(1))
        )
        let recording = Task { await recorder.run() }
        let frames = try await encodedFrames(60, gop: 15)
        let start = ClockTime.now
        for frame in frames {
            guard let time = frame.presentation, let first = frames[0].presentation else { continue }
            feed.push(Sample.made(of: frame, at: start + (time - first)))
        }
        feed.finish()
        await recording.value
        await directory.close()
    }

    private final class Box<Value: ~Copyable & Sendable>: Sendable {
        let value: Value

        init(_ value: consuming Value) { self.value = value }
    }
}

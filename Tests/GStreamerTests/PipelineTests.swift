// SPDX-License-Identifier: Apache-2.0
import CGStreamer
import GLib
import TestSupport
import Testing

@testable import GStreamer

@Suite("Parsing", .gstreamer)
struct ParsingTests {
    @Test("a missing element is named", arguments: ["videotestsrc ! nosuchelement ! fakesink", "nosuchelement"])
    func missingElement(description: String) {
        #expect {
            try Pipeline(parsing: description)
        } throws: { error in
            (error as? ParseError)?.missingElements == ["nosuchelement"]
                && "\(error)"
                    == "element 'nosuchelement' is not installed, and no Debian package known to Martlet has it"
        }
        #expect {
            try Bin.parse(description)
        } throws: { error in
            (error as? ParseError)?.missingElements == ["nosuchelement"]
        }
    }

    @Test("missing elements are told with the packages that have them")
    func package() {
        let error = ParseError(
            text: "no element \"x264enc\"",
            missingElements: ["x264enc", "nosuchelement", "libcamerasrc"]
        )
        #expect(
            error.description
                == "element 'x264enc' is missing: install it with 'apt install gstreamer1.0-plugins-ugly'; "
                + "element 'nosuchelement' is not installed, and no Debian package known to Martlet has it; "
                + "element 'libcamerasrc' is missing: install it with 'apt install gstreamer1.0-libcamera'"
        )
    }

    @Test(
        "what is wrong with a description is told in GStreamer's words",
        arguments: [
            ("videotestsrc ! ! fakesink", "syntax error"),
            ("fakesrc nosuch=1 ! fakesink", "no property \"nosuch\" in element \"fakesrc"),
            ("videotestsrc ! video/x-raw,width= ! fakesink", "could not parse caps \"video/x-raw,width=\""),
            ("fakesrc ! video/x-h264 ! videoconvert ! fakesink", "could not link fakesrc"),
            ("", "empty pipeline not allowed"),
        ]
    )
    func syntax(description: String, words: String) throws {
        #expect {
            try Pipeline(parsing: description)
        } throws: { error in
            guard let error = error as? ParseError else { return false }
            return error.missingElements.isEmpty && error.description.contains(words)
        }
    }

    @Test("a pipeline that GStreamer made in part is none")
    func partial() {
        // Without our asking for fatal errors, GStreamer returns a pipeline with a fakesrc and a fakesink in it.
        #expect(throws: ParseError.self) { try Pipeline(parsing: "fakesrc ! fakesink fakesrc ! nosuchelement") }
    }

    @Test("a description of one element is a pipeline as well")
    func oneElement() throws {
        let pipeline = try Pipeline(parsing: "fakesrc name=only")
        #expect(pipeline.typeName == "GstPipeline")
        #expect(pipeline.element(named: "only")?.typeName == "GstFakeSrc")
    }

    @Test("elements are found by name, appsrc and appsink only as what they are")
    func find() throws {
        let pipeline = try Pipeline(parsing: "appsrc name=in ! queue name=middle ! appsink name=out")
        #expect(pipeline.appSource(named: "in")?.name == "in")
        #expect(pipeline.appSink(named: "out")?.name == "out")
        #expect(pipeline.appSink(named: "in") == nil)
        #expect(pipeline.appSource(named: "middle") == nil)
        #expect(pipeline.appSource(named: "nobody") == nil)
        #expect(pipeline.element(named: "nobody") == nil)
    }

    @Test("properties take the words of gst-launch")
    func properties() throws {
        let pipeline = try Pipeline(parsing: "videotestsrc name=source ! fakesink")
        let source = try #require(pipeline.element(named: "source"))
        try source.set("pattern", fromText: "ball")
        #expect(try source.get("pattern", as: String.self) == "Moving ball")
        #expect(throws: PropertyError(description: "GstVideoTestSrc has no property 'nosuch'")) {
            try source.set("nosuch", fromText: "1")
        }
    }

    @Test("each package that is named for an installed element has it", .enabled(if: DebianPackages.areThere))
    func packages() async throws {
        let files = DebianPackages.installed()
        #expect(files.count > 30)
        for (file, elements) in Dictionary(grouping: files, by: \.file) {
            let found = try await run("dpkg", "-S", file)
            let owner = found.output.split(separator: ":").first.map(String.init) ?? ""
            for element in elements { #expect(element.package == owner, "\(element.name) is in \(file)") }
        }
    }
}

/// The elements of this machine that Martlet knows a package for.
enum DebianPackages {
    struct Installed: Hashable {
        let name: String
        let package: String
        let file: String
    }

    static var areThere: Bool { access("/usr/bin/dpkg", X_OK) == 0 }

    static func installed() -> [Installed] {
        let registry = gst_registry_get()
        guard let list = gst_registry_get_feature_list(registry, gst_element_factory_get_type()) else { return [] }
        defer { gst_plugin_feature_list_free(list) }
        var result: [Installed] = []
        var next: UnsafeMutablePointer<GList>? = list
        while let node = next {
            next = node.pointee.next
            guard let data = node.pointee.data else { continue }
            let feature = OpaquePointer(data)
            guard let name = gst_object_get_name(data.assumingMemoryBound(to: GstObject.self)) else { continue }
            defer { g_free(name) }
            let element = String(cString: name)
            guard let package = DebianPackage.containing(element: element),
                let plugin = gst_plugin_feature_get_plugin(feature)
            else { continue }
            defer { gst_object_unref(UnsafeMutableRawPointer(plugin)) }
            guard let file = gst_plugin_get_filename(plugin) else { continue }
            // Debian's index has the files where they are, not where a merged /usr shows them as well.
            guard let real = realpath(file, nil) else { continue }
            result.append(Installed(name: element, package: package, file: String(cString: real)))
            free(real)
        }
        return result
    }
}

@Suite("Pipelines", .gstreamer, .timeLimit(.minutes(1)))
struct PipelineTests {
    @Test("every pipeline has base time 0 on the monotonic clock, at each start")
    func clock() async throws {
        let pipeline = try Pipeline(parsing: "fakesrc is-live=true ! fakesink name=end")
        for _ in 0..<2 {
            let before = ClockTime.now
            await pipeline.setState(.playing)
            let (base, clockTime) = pipeline.withPointer(as: GstElement.self) { element in
                let clock = gst_element_get_clock(element)
                defer { gst_object_unref(clock) }
                return (gst_element_get_base_time(element), gst_clock_get_time(clock))
            }
            #expect(base == 0)
            #expect((before...ClockTime.now).contains(ClockTime(nanoseconds: UInt64(clockTime))))
            await pipeline.setState(.null)
        }
    }

    @Test("a live source's timestamps are the clock's own")
    func timestamps() async throws {
        let pipeline = try Pipeline(parsing: "videotestsrc is-live=true ! appsink name=feed sync=false")
        let frames = FrameCollector(of: try #require(pipeline.appSink(named: "feed")))
        let before = ClockTime.now
        await pipeline.setState(.playing)
        let frame = try #require(await frames.next(1).first)
        let time = try #require(frame.presentation)
        #expect((before - .milliseconds(1)...ClockTime.now).contains(time))
        await pipeline.setState(.null)
    }

    @Test(
        "a state that an element refuses is told",
        arguments: [("filesrc location=/nonexistent/file ! fakesink", false), ("fakesrc ! fakesink", true)]
    )
    func refusedState(description: String, isAgreed: Bool) async throws {
        let pipeline = try Pipeline(parsing: description)
        #expect(await pipeline.setState(.paused) == isAgreed)
        #expect(await pipeline.setState(.null))
    }

    @Test("the end of a stream comes through when it is sent, and when the source ends", arguments: [true, false])
    func endOfStream(isSent: Bool) async throws {
        let pipeline = try Pipeline(
            parsing: "videotestsrc num-buffers=\(isSent ? -1 : 3) is-live=true ! appsink name=out sync=false"
        )
        let frames = FrameCollector(of: try #require(pipeline.appSink(named: "out")))
        await pipeline.setState(.playing)
        _ = await frames.next(1)
        if isSent { pipeline.sendEndOfStream() }
        #expect(await pipeline.bus.messages.first { $0 != .latency } == .endOfStream)
        await pipeline.setState(.null)
    }
}

@Suite("Bus", .gstreamer, .timeLimit(.minutes(1)))
struct BusTests {
    @Test("an error comes with its element, GStreamer's text, and the detail that is for people")
    func error() async throws {
        let pipeline = try Pipeline(parsing: "fakesrc name=source ! fakesink")
        let source = try #require(pipeline.element(named: "source"))
        Self.postError(source, "The disk is full.", "a line\nthe last line")
        #expect(
            await pipeline.bus.messages.first { _ in true }
                == .error(source: "source", text: "The disk is full.", detail: "the last line")
        )
    }

    @Test("an error of an element itself")
    func ofAnElement() async throws {
        let pipeline = try Pipeline(parsing: "filesrc name=source location=/nonexistent/file ! fakesink")
        await pipeline.setState(.playing)
        let message = await pipeline.bus.messages.first { _ in true }
        guard case .error("source", let text, let detail) = message else {
            Issue.record("expected an error, not \(String(describing: message))")
            return
        }
        #expect(text.contains("/nonexistent/file") || detail.contains("/nonexistent/file"), "\(text) / \(detail)")
        #expect(!detail.contains("(): /Gst"))
        await pipeline.setState(.null)
    }

    @Test(
        "of GStreamer's debug text only what is for people is kept",
        arguments: [
            ("", ""),
            ("gstrtspsrc.c(5550): gst_rtspsrc_loop (): /GstPipeline:pipeline0/GstRTSPSrc:source", ""),
            ("gstrtspsrc.c(1): f (): /GstPipeline:p:\nUnauthorized (401)", "Unauthorized (401)"),
            ("one line", "one line"),
        ]
    )
    func lastLine(debug: String, detail: String) {
        #expect(BusMessage.lastLine(of: debug) == detail)
    }

    @Test("of a flood the first 64 messages are kept, and the rest are counted")
    func flood() async throws {
        let pipeline = try Pipeline(parsing: "fakesrc name=source ! fakesink")
        let source = try #require(pipeline.element(named: "source"))
        for number in 0..<100 { Self.postError(source, "error \(number)", "detail") }
        #expect(pipeline.bus.dropped == 36)
        var texts: [String] = []
        for await case .error(_, let text, _) in pipeline.bus.messages {
            texts.append(text)
            if texts.count == 64 { break }
        }
        #expect(texts == (0..<64).map { "error \($0)" })
        // Who reads again gets again.
        Self.postError(source, "another", "detail")
        #expect(pipeline.bus.dropped == 36)
        #expect(
            await pipeline.bus.messages.first { _ in true }
                == .error(source: "source", text: "another", detail: "detail")
        )
    }

    @Test("the messages end with the pipeline")
    func end() async throws {
        var pipeline: Pipeline? = try Pipeline(parsing: "fakesrc ! fakesink")
        let messages = try #require(pipeline).bus.messages
        pipeline = nil
        for await message in messages { Issue.record("\(message)") }
    }

    static func postError(_ element: Element, _ text: String, _ debug: String) {
        element.withPointer(as: GstElement.self) {
            martlet_element_error($0, GST_RESOURCE_ERROR_WRITE, text, debug, "BusTests.swift", "postError", 1)
        }
    }
}

@Suite("Library", .gstreamer)
struct LibraryTests {
    @Test(
        "GStreamer's debug levels become ours",
        arguments: [
            (GST_LEVEL_ERROR, Log.Level.error), (GST_LEVEL_WARNING, .warning), (GST_LEVEL_FIXME, .warning),
            (GST_LEVEL_INFO, .info), (GST_LEVEL_DEBUG, .debug), (GST_LEVEL_LOG, .debug), (GST_LEVEL_TRACE, .debug),
            (GST_LEVEL_MEMDUMP, .debug),
        ]
    )
    func levels(level: GstDebugLevel, expected: Log.Level) {
        #expect(Library.logLevel(of: level) == expected)
    }

    @Test("the version is GStreamer's own")
    func version() {
        #expect(Library.version.wholeMatch(of: /GStreamer 1\.\d+\.\d+.*/) != nil)
    }
}

@Suite("Clock times")
struct ClockTimeTests {
    @Test(
        "times add and subtract, and end at the clock's beginning",
        arguments: [(5, 3, 8), (5, -3, 2), (5, -5, 0), (5, -6, 0)] as [(UInt64, Int64, UInt64)]
    )
    func arithmetic(start: UInt64, step: Int64, end: UInt64) {
        let time = ClockTime(nanoseconds: start)
        #expect(time + .nanoseconds(step) == ClockTime(nanoseconds: end))
        #expect(time - .nanoseconds(-step) == ClockTime(nanoseconds: end))
        if end > 0 { #expect(ClockTime(nanoseconds: end) - time == .nanoseconds(step)) }
    }

    @Test("C's \"none\" is nil")
    func none() {
        #expect(ClockTime(UInt.max) == nil)
        #expect(ClockTime(UInt(7)) == ClockTime(nanoseconds: 7))
    }

    @Test("a duration in whole nanoseconds drops the rest, on both sides of zero")
    func wholeNanoseconds() {
        #expect(Duration(secondsComponent: 1, attosecondsComponent: 1_999_999_999).wholeNanoseconds == 1_000_000_001)
        #expect(
            (.zero - Duration(secondsComponent: 1, attosecondsComponent: 1_999_999_999)).wholeNanoseconds
                == -1_000_000_001
        )
    }
}

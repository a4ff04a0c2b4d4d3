// SPDX-License-Identifier: Apache-2.0
import Configuration
import GStreamer
import TestSupport
import Testing

@testable import Media

@Suite("Pipeline descriptions", .gstreamer)
struct PipelineDescriptionTests {
    private static func description(_ text: String) -> PipelineDescription {
        PipelineDescription(file: "mine.gst", text: text)
    }

    @Test("comments go, placeholders are filled, lines become one")
    func filled() throws {
        let text = "# a comment ! with {nothing} in it\nfakesrc num-buffers={count}\n\n  # another\n  ! fakesink\n"
        #expect(try Self.description(text).filled(with: ["count": "3"]) == "fakesrc num-buffers=3 ! fakesink")
    }

    @Test(
        "a property is left out where its value is empty",
        arguments: [("", "v4l2src"), ("/dev/video0", "v4l2src device=\"/dev/video0\"")]
    )
    func optionalProperty(value: String, filled: String) throws {
        #expect(try Self.description("v4l2src {device=device}").filled(with: ["device": value]) == filled)
    }

    @Test("what would end a quotation is escaped")
    func quoting() throws {
        let description = Self.description("fakesrc name=\"{name}\" ! fakesink")
        #expect(try description.filled(with: ["name": #"a"b\c"#]) == #"fakesrc name="a\"b\\c" ! fakesink"#)
        let pipeline = try description.makePipeline(with: ["name": #"a"b\c"#])
        #expect(pipeline.element(named: #"a"b\c"#) != nil)
    }

    @Test("a placeholder that does not exist is told with its place and what there is")
    func unknownPlaceholder() {
        let description = Self.description("# comment\nfakesrc ! {wdith} ! fakesink")
        #expect(
            throws: PipelineDescription.Mistake(
                file: "mine.gst",
                line: 2,
                column: 11,
                text: "unknown placeholder '{wdith}'; there are {height}, {width}"
            )
        ) { try description.filled(with: ["width": "1", "height": "2"]) }
        #expect(throws: PipelineDescription.Mistake(file: "mine.gst", line: 1, column: 3, text: "'{' without its '}'"))
        {
            try Self.description("a {b").filled(with: [:])
        }
    }

    @Test("a missing element is told with file, line and Debian package")
    func missingElement() throws {
        let known = Self.description("fakesrc\n! nosuchelement\n! fakesink")
        let mistake = try thrown(PipelineDescription.Mistake.self) { _ = try known.makePipeline(with: [:]) }
        #expect(
            "\(mistake)"
                == "mine.gst:2: element 'nosuchelement' is not installed, and no Debian package known to Martlet has it"
        )
        #expect(
            ParseError(text: "", missingElements: ["x264enc"]).description.contains(
                "'apt install gstreamer1.0-plugins-ugly'"
            )
        )
    }

    @Test("GStreamer's own words are kept, with the line that they are about")
    func words() throws {
        let description = Self.description("fakesrc\n! fakesink nosuchproperty=1")
        let mistake = try thrown(PipelineDescription.Mistake.self) {
            _ = try description.makePipeline(with: [:])
        }
        #expect("\(mistake)" == "mine.gst:2: no property \"nosuchproperty\" in element \"fakesink\"")
    }

    @Test("the first folder that has a description wins, and a wrong name lists the right ones")
    func library() throws {
        let scratch = try ScratchDirectory()
        try scratch.write("own/capture/a.gst", "fakesrc")
        try scratch.write("system/capture/a.gst", "videotestsrc")
        try scratch.write("system/capture/b.gst", "videotestsrc")
        let library = PipelineLibrary(folders: [scratch("own"), scratch("missing"), scratch("system")])
        #expect(try library.description("capture/a").file == scratch("own/capture/a.gst"))
        #expect(try library.description("capture/b").file == scratch("system/capture/b.gst"))
        #expect(library.names(in: "capture") == ["capture/a", "capture/b"])
        let mistake = try thrown(PipelineDescription.Mistake.self) {
            _ = try library.description("capture/c")
        }
        #expect(mistake.text.hasSuffix("there are capture/a, capture/b"))
    }

    @Test("everything that comes with Martlet parses, but for a codec that this machine has not")
    func ownDescriptions() throws {
        let library = PipelineLibrary(folders: ["\(Product.repository)/pipelines"])
        let loaded = Configuration.parse("[camera]\nname = \"a\"\n[cameras.b]\nurl = \"rtsp://b/b\"\n[store]\n")
        let configuration = try #require(loaded.configuration)
        let camera = try #require(configuration.camera)
        for name in library.names(in: "capture") where name != "capture/libcamera" {
            let pipeline = try library.description(name).makePipeline(with: Capture.values(camera))
            #expect(pipeline.appSink(named: "feed") != nil, "\(name)")
        }
        for codec in VideoCodec.allCases {
            let receive = Receiver.values(url: "rtsp://b/b", transport: .udp, codec: codec)
            let receiver = try library.description("receive/rtsp").makePipeline(with: receive)
            #expect(receiver.element(named: "source") != nil && receiver.appSink(named: "feed") != nil)
            let server = try library.description("serve/rtsp").makeBin(with: ["codec": codec.rawValue])
            #expect(server.appSource(named: "feed") != nil && server.element(named: "pay0") != nil)
        }
        let mistakes = PipelineCheck(library: library).mistakes(of: configuration)
        #expect(mistakes.map(\.key).filter { $0 != "camera.source" } == [])
    }

    @Test("placeholders stand for what config.toml says")
    func captureValues() throws {
        let text = """
            [camera]
            name = "till"
            framerate = 25
            keyframe-interval = "2 s"
            bitrate = "2.5 Mbit/s"
            rotation = 180
            device = "/dev/video2"
            """
        let camera = try #require(Configuration.parse(text).configuration?.camera)
        let values = Capture.values(camera)
        #expect(values["name"] == "till")
        #expect(values["keyframe-frames"] == "50")
        #expect(values["bitrate"] == "2500000" && values["bitrate-kbit"] == "2500")
        #expect(values["flip"] == "rotate-180" && values["device"] == "/dev/video2")
    }
}

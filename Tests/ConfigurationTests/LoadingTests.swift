// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import TestSupport
import Testing

@testable import Configuration

@Suite("Loading")
struct LoadingTests {
    private let directory: ScratchDirectory
    private var config: String { directory.path + "/config.toml" }

    init() throws {
        directory = try ScratchDirectory()
    }

    @Test("drop-ins override key by key, in the order of their names")
    func dropIns() throws {
        try directory.write("config.toml", "[camera]\nname = \"a\"\nwidth = 640\nframerate = 10")
        try directory.write("config.d/20.toml", "[camera]\nframerate = 30\n[store]\n")
        try directory.write("config.d/10.toml", "camera.framerate = 20\ncamera.height = 480")
        try directory.write("config.d/.hidden.toml", "no toml")
        try directory.write("config.d/README", "no toml")
        let loaded = try Configuration.load(path: config)
        let camera = try #require(loaded.configuration?.camera, "\(loaded.report)")
        #expect(camera.name.description == "a")
        #expect((camera.width, camera.height, camera.framerate) == (640, 480, 30))
        #expect(loaded.configuration?.store != nil)
        #expect(loaded.files == [config, "\(directory.path)/config.d/10.toml", "\(directory.path)/config.d/20.toml"])
        #expect("\(loaded.place(of: "camera.framerate"))" == "\(directory.path)/config.d/20.toml:2:13")
        #expect("\(loaded.place(of: "camera.width"))" == "\(config):3:9")
        #expect("\(loaded.place(of: "camera.recording.directory"))" == "\(config):1:1")
        #expect("\(loaded.place(of: "access.directory"))" == config)
    }

    @Test("arrays and other values are replaced, not joined")
    func replacing() throws {
        try directory.write("config.toml", "cameras = { a.url = \"rtsp://a/\", b.url = \"rtsp://b/\" }")
        try directory.write("config.d/1.toml", "locations.x.devices = [\"a\"]\nlocations.y.devices = [\"b\"]")
        try directory.write("config.d/2.toml", "locations.x.devices = [\"b\"]")
        let configuration = try #require(try Configuration.load(path: config).configuration)
        #expect(configuration.locations.map { $0.devices.map(\.description) } == [["b"], ["b"]])
    }

    @Test("a mistake is told in the file it comes from, in the order of the files")
    func placesInFiles() throws {
        try directory.write("config.toml", "[store]\n[camera]\nname = 1\nwidht = 2")
        try directory.write("config.d/1.toml", "[camera]\nname = \"ok\"\nheight = \"x\"")
        try directory.write("config.d/2.toml", "[camera.rtsp]\nlisten = 1\nx = 2")
        let loaded = try Configuration.load(path: config)
        #expect(
            loaded.report.replacing(directory.path + "/", with: "") == """
                config.toml:4:1: error: unknown key 'widht'; did you mean 'width'?
                    widht = 2
                    ^
                config.d/1.toml:3:10: error: camera.height: expected an even number from 64 to 4320, found "x"
                    height = "x"
                             ^
                config.d/2.toml:2:10: error: camera.rtsp.listen: expected an address such as "0.0.0.0:8554", \
                found the integer 1
                    listen = 1
                             ^
                config.d/2.toml:3:1: error: unknown key 'x'
                    x = 2
                    ^

                """
        )
    }

    @Test("an error of syntax in any file hides the other mistakes, which it may have caused")
    func syntaxErrors() throws {
        try directory.write("config.toml", "[camera")
        try directory.write("config.d/1.toml", "framerate = 1")
        try directory.write("config.d/2.toml", "=")
        let loaded = try Configuration.load(path: config).requiring(.camera)
        #expect(loaded.diagnostics.map { $0.message.prefix(12) } == ["syntax error", "syntax error"])
        #expect(loaded.configuration == nil)
    }

    @Test("a file that is not UTF-8 is told from where on")
    func notUTF8() throws {
        try directory.write("config.toml", [0x61, 0x3D, 0x31, 0x0A, 0x23, 0xC3, 0xA9, 0x20, 0xFF, 0x0A] as [UInt8])
        let loaded = try Configuration.load(path: config)
        #expect(
            loaded.report == """
                \(config):2:4: error: what is here is not UTF-8; save the file as UTF-8
                    #é \u{FFFD}
                       ^

                """
        )
    }

    @Test("a byte order mark is no part of the text")
    func byteOrderMark() throws {
        try directory.write("config.toml", [0xEF, 0xBB, 0xBF] + Array("x = 1".utf8))
        #expect(try Configuration.load(path: config).messages == ["\(config):1:1: error: unknown key 'x'"])
    }

    @Test("what cannot be read says why, and what to do")
    func unreadable() throws {
        #expect(throws: Unreadable(path: config, reason: "No such file or directory", hint: named)) {
            try Configuration.load(path: config)
        }
        #expect(throws: Unreadable(path: directory.path, reason: "Is a directory", hint: "name the file in it")) {
            try Configuration.load(path: directory.path)
        }
        try directory.write("config.toml", "")
        try directory.write("config.d", "no directory")
        let path = directory.path + "/config.d"
        #expect(throws: Unreadable(path: path, reason: "Not a directory", hint: nil)) {
            try Configuration.load(path: config)
        }
        let error = Unreadable(
            path: "x.toml",
            reason: "Permission denied",
            hint: "let the user who runs martlet read it"
        )
        #expect("\(error)" == "cannot read x.toml: Permission denied; let the user who runs martlet read it")
    }

    private let named = "name the configuration with --config FILE"

    @Test("a file of more than 4 MB is refused")
    func tooLarge() throws {
        try directory.write("config.toml", Array(repeating: UInt8(ascii: "#"), count: 4_000_001))
        #expect(throws: Unreadable(path: config, reason: "it is larger than 4 MB", hint: "name a configuration file")) {
            try Configuration.load(path: config)
        }
        try directory.write("config.toml", Array(repeating: UInt8(ascii: "#"), count: 4_000_000))
        #expect(try Configuration.load(path: config).diagnostics.isEmpty)
    }

    @Test("a role without its table is an error")
    func roles() {
        let loaded = Configuration.parse("", file: "/etc/x.toml")
        #expect(loaded.configuration != nil)
        #expect(
            loaded.requiring(.camera).report
                == "/etc/x.toml: error: there is no [camera] table; martlet camera needs one, with at least a name\n"
        )
        #expect(
            loaded.requiring(.store).report
                == "/etc/x.toml: error: there is no [store] table; martlet store needs one, which may be empty\n"
        )
        #expect(loaded.requiring(.store).configuration == nil)
        #expect(Configuration.parse("[store]").requiring(.store).configuration != nil)
        #expect(Configuration.parse("camera.name = 'a'").requiring(.camera).configuration != nil)
        #expect(Configuration.parse("camera = 1").requiring(.camera).diagnostics.count == 1)
    }

    @Test("others add diagnostics at the place of a key")
    func adding() {
        let loaded = Configuration.parse(
            "[camera]\nname = \"a\"\nsource = \"mine\"\n[locations.shop]\ndevices = []"
        )
        let place = loaded.place(of: "camera.source")
        let missing = Diagnostic(.error, at: place, key: "camera.source", "there is no mine.gst", hint: "write one")
        #expect(
            loaded.adding([missing]).messages == [
                "config.toml:3:10: error: camera.source: there is no mine.gst; write one",
                "config.toml:5:11: warning: locations.shop.devices: is not acted on by this version",
            ]
        )
        #expect(loaded.adding([missing]).hasErrors)
        #expect(!loaded.hasErrors)
    }
}

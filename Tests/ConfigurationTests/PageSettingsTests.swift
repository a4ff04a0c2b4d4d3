// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Configuration

@Suite("What the page may set")
struct PageSettingsTests {
    /// A store with two cameras.
    private struct Files {
        let scratch: ScratchDirectory
        let page: PageSettings

        init(_ more: String = "") throws {
            scratch = try ScratchDirectory()
            page = PageSettings(of: scratch("config.toml"), role: .store)
            try write(
                """
                [store.recording]
                chunk-duration = "5 min"
                [cameras.door]
                url = "rtsp://door/door"
                record = true
                [cameras.till]
                url = "rtsp://till/till"
                \(more)
                """
            )
        }

        func write(_ text: String, to name: String = "config.toml") throws { try scratch.write(name, text) }

        func configuration() throws -> Configuration {
            try #require(try Configuration.load(path: scratch("config.toml")).configuration)
        }

        func setting(_ key: String) throws -> Setting {
            try #require(try page.current().settings.first { $0.key == key }, "\(key)")
        }

        func failure(_ changes: [String: Setting.Value?]) throws -> String {
            let failure = try thrown(PageSettings.Failure.self) { try page.change(changes) }
            return switch failure {
            case .fixed(let key, let place): "fixed \(key) \(place.position?.line ?? 0)"
            case .unknown(let key): "unknown \(key)"
            case .mistaken(let mistakes): mistakes.map { "\($0.key ?? "") \($0.message)" }.joined(separator: "; ")
            case .disk(let words): words
            }
        }
    }

    @Test("what is set comes to be in force, is told as the page's own, and goes again")
    func change() throws {
        let files = try Files()
        #expect(try files.setting("store.recording.max-space").source == .standard)
        try files.page.change(["store.recording.max-space": .text("2 GB"), "cameras.till.record": .flag(false)])
        let configuration = try files.configuration()
        #expect(configuration.store?.recording.maxSpace == .gigabytes(2))
        #expect(configuration.cameras.map(\.record) == [true, false])
        let setting = try files.setting("store.recording.max-space")
        #expect(setting.source == .page && setting.value == .text("2 GB") && setting.standard == .text("none"))
        #expect(setting.effect == .nothing)
        #expect(try files.setting("cameras.till.record").effect == .recording)
        try files.page.change(["store.recording.max-space": Setting.Value?.none])
        #expect(try files.configuration().store?.recording.maxSpace == nil)
        // The other is still there.
        #expect(try files.configuration().cameras.map(\.record) == [true, false])
    }

    @Test("what the user's own files say holds, and is not changed")
    func fixed() throws {
        let files = try Files()
        #expect(
            try files.failure(["store.recording.chunk-duration": .text("1 min")])
                == "fixed store.recording.chunk-duration 2"
        )
        #expect(try files.failure(["cameras.door.record": .flag(false)]) == "fixed cameras.door.record 5")
        #expect(!FileManager.default.fileExists(atPath: files.page.path))
        // A drop-in of the user's, whatever its name, and what the main file comes to say later.
        try files.page.change(["store.recording.max-space": .text("2 GB")])
        try files.write("[store.recording]\nmax-space = \"3 GB\"", to: "config.d/a.toml")
        #expect(try files.configuration().store?.recording.maxSpace == .gigabytes(3))
        #expect(try files.failure(["store.recording.max-space": .text("4 GB")]) == "fixed store.recording.max-space 2")
    }

    @Test("mistakes are said with their key, and nothing is written")
    func mistakes() throws {
        let files = try Files()
        try files.page.change(["store.recording.max-space": .text("2 GB")])
        let before = try String(contentsOfFile: files.page.path, encoding: .utf8)
        #expect(
            try files.failure(["store.recording.max-space": .text("much"), "cameras.till.record": .flag(false)])
                .hasPrefix("store.recording.max-space expected a size such as")
        )
        #expect(
            try files.failure(["cameras.till.record": .text("yes")]).hasPrefix(
                "cameras.till.record expected true or false"
            )
        )
        #expect(try files.failure(["store.color": .text("red")]) == "unknown store.color")
        #expect(try files.failure(["cameras.nobody.record": .flag(true)]) == "unknown cameras.nobody.record")
        #expect(try files.failure(["camera.framerate": .integer(10)]) == "unknown camera.framerate")
        #expect(try String(contentsOfFile: files.page.path, encoding: .utf8) == before)
    }

    @Test("values cannot break out of their line", arguments: ["\"", "\\", "\n[store]", "\u{1}", "\u{7f}é"])
    func escapes(text: String) throws {
        let value = Setting.Value.text("a\(text)b")
        #expect(Setting.Value(toml: value.toml) == value)
    }

    @Test("settings of a camera that has gone bring it not back")
    func gone() throws {
        let files = try Files()
        try files.page.change(["cameras.till.record": .flag(false)])
        try files.write("[store]\n[cameras.door]\nurl = \"rtsp://door/door\"")
        #expect(try files.configuration().cameras.map(\.name.description) == ["door"])
        // Nor does what is of another role.
        try files.write("[camera]\nname = \"door\"")
        #expect(try files.configuration().store == nil)
    }

    @Test("a file that cannot be written is said, with what to do")
    func disk() throws {
        let files = try Files()
        // A file where the folder should be.
        try files.write("", to: "config.d")
        #expect(try files.failure(["cameras.till.record": .flag(false)]).contains("config.d"))
    }
}

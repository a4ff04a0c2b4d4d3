// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Configuration

/// Whatever the bytes, reading them ends, with values or with errors: a crash or a hang fails the whole run.
@Suite("Fuzzing", .timeLimit(.minutes(2)))
struct FuzzTests {
    /// Prints itself with each failure; change it to search elsewhere.
    private static let seed: UInt64 = 20_261_121

    /// Reads bytes, and checks what must hold of any result.
    private func read(_ bytes: some Sequence<UInt8>, _ what: @autoclosure () -> String = "") {
        let loaded = Configuration.read(SourceFile(path: "fuzz.toml", bytes: Array(bytes)), dropIns: [])
        let report = loaded.report
        #expect((loaded.configuration == nil) == loaded.hasErrors, "\(what())")
        #expect(loaded.diagnostics.count <= 101, "\(what())")
        for diagnostic in loaded.diagnostics {
            #expect(diagnostic.description.utf8.count < 1500, "\(what()): \(diagnostic)")
        }
        #expect(report.utf8.count < 200_000, "\(what())")
        #expect(!report.unicodeScalars.contains { $0.isUnprintable && $0 != "\n" && $0 != "\t" }, "\(what())")
    }

    /// The complete example without its comments.
    private func example() throws -> [UInt8] {
        let lines = try completeExample().split(separator: "\n").compactMap { line -> String? in
            let code = line.prefix { $0 != "#" }.split(separator: " ").joined(separator: " ")
            return code.isEmpty ? nil : code
        }
        return Array(lines.joined(separator: "\n").utf8)
    }

    @Test("the example cut off at any byte", arguments: 0..<2)
    func truncations(half: Int) throws {
        let bytes = try example()
        for count in stride(from: half, through: bytes.count, by: 2) {
            read(bytes.prefix(count), "cut off at \(count)")
        }
    }

    @Test("random bytes changed, dropped, doubled and inserted")
    func flips() throws {
        var random = SeededRandom(seed: Self.seed)
        let bytes = try example()
        let special = Array("\"'[]{}=.,#\\\n\r\t\u{0} \u{7F}-_0aeiout\u{FFFD}".utf8) + [0x80, 0xC0, 0xED, 0xF5, 0xFF]
        for round in 0..<1500 {
            var fuzzed = bytes
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = fuzzed.indices.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<5, using: &random) {
                case 0: fuzzed[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: fuzzed[index] = special.randomElement(using: &random) ?? 0
                case 2: fuzzed.insert(special.randomElement(using: &random) ?? 0, at: index)
                case 3: fuzzed.removeSubrange(index..<min(fuzzed.count, index + .random(in: 1...40, using: &random)))
                default: fuzzed.insert(contentsOf: fuzzed[index...].prefix(30), at: index)
                }
            }
            read(fuzzed, "seed \(Self.seed), round \(round)")
        }
    }

    @Test("any value in any key")
    func swappedValues() {
        let values = [
            "1", "-9223372036854775808", "9223372036854775807", "1.5", "nan", "-inf", "true", "\"\"", "\"none\"",
            "\"\\u0000\"", "\"日本\"", "'''\na\n'''", "1979-05-27T07:32:00Z", "07:32:00", "[]", "[[], {}, 1, \"a\"]",
            "{}",
            "{ a = 1 }", "{ name = { name = 1 } }", "\"\(String(repeating: "9", count: 400)) GB\"", "\"0x10 s\"",
            "\"[::1]:8554\"", "\"rtsp://a:b@c:d@e/\"", "\"://\"", "\"@:\"", "0xFFFF", "1e400",
        ]
        for key in Configuration.keys {
            let path = "\(key.table).\(key.name)".replacing("NAME", with: "a")
            for value in values { read("\(path) = \(value)".utf8, "\(path) = \(value)") }
        }
        for table in Set(Configuration.keys.map(\.table)).union(["cameras", "locations"]) {
            for value in values { read("\(table.replacing("NAME", with: "a")) = \(value)".utf8, "\(table) = \(value)") }
        }
    }

    @Test("nesting of any kind is refused before it fills the stack", arguments: [32, 300, 10_000, 100_000])
    func nesting(depth: Int) {
        func many(_ text: String) -> String { String(repeating: text, count: depth) }
        let texts = [
            "a = " + many("["), "a = " + many("[") + many("]"), "a = " + many("{a="),
            "a = " + many("{a=") + "1" + many("}"),
            "a" + many(".a") + " = 1", "[a" + many(".a") + "]", "[[a" + many(".a") + "]]", "a" + many(" . \"a\""),
            "a = { b" + many(".b") + " = 1 }", "a" + many(".a") + " = ", "x = [ { a" + many(".'a'") + " = [",
            "a = " + many("{" + String(repeating: "a.", count: 31) + "a=") + "1" + many("}"),
            "# \"\na" + many(".a") + " = 1", "s = \"\\\"\"\na" + many(".a") + " = 1",
            "s = '\\'\na" + many(".a") + " = 1",
            "s = '''\n'''''\na" + many(".a") + " = 1", "s = \"\"\"\n\\\"\"\"\"\na" + many(".a") + " = 1",
        ]
        for text in texts {
            let loaded = Configuration.parse(text)
            #expect(loaded.hasErrors)
            #expect(loaded.diagnostics.count == 1)
            #expect(loaded.messages[0].utf8.count < 300)
            #expect(!loaded.messages[0].contains("TOML_"))
        }
    }

    @Test("dots in texts and comments nest nothing")
    func dots() throws {
        let dots = String(repeating: ".", count: 1000)
        let loaded = Configuration.parse(
            """
            # \(dots)
            camera = { name = "a", device = "\\"\(dots)" } # \(dots) "
            cameras.a.url = '''rtsp://h/\(dots)''' # '
            cameras.b.url = \"""
            rtsp://i/\\
              \(dots)\"""
            """
        )
        #expect(loaded.configuration?.cameras.count == 2, "\(loaded.report)")
    }

    @Test("texts and keys of a megabyte are read, and quoted in a few words")
    func long() {
        let long = String(repeating: "x", count: 1_000_000)
        for text in [
            "\(long) = 1", "[\(long)]", "[cameras.\(long)]", "\"\(long)\" = 1", "camera.\(long) = 1", long,
            "a = \(long)",
            "camera.name = \"\(long)\"", "cameras.a.url = \"rtsp://\(long)\"\ncameras.a.\(long) = 1", "# \(long)",
            "camera.source = \"\(long)\"", "store.rtsp.listen = \"\(long):1\"", "a = \"\(long)",
            "camera.bitrate = \"1 \(long)\"",
            "camera.framerate = \(long.replacing("x", with: "9"))", "locations.a.devices = [\"\(long)\"]",
            "\(long) = 1\n\(long) = 2", "camera.bitrate = \"\(long.replacing("x", with: "9")) bit/s\"",
        ] {
            read(text.utf8, "\(text.prefix(40))")
        }
    }

    @Test(
        "files of one thing many times over end in time",
        arguments: ["a.b = 1\n", "[a.b]\n", "[[a]]\n", "\"", "=\n", "# x\n"]
    )
    func repeated(text: String) {
        read(String(repeating: text, count: 20_000).utf8, text)
    }

    @Test("thousands of tables end in time")
    func manyTables() {
        let cameras = (0..<4000).map { "[cameras.c\($0)]\nurl = \"rtsp://h/\($0 / 2)\"\n" }.joined()
        let devices = "[locations.x]\ndevices = [\((0..<4000).map { "\"d\($0)\"" }.joined(separator: ","))]\n"
        read((cameras + devices).utf8)
        let implicit = (0..<8000).map { "[a\($0).b]\n" }.joined() + (0..<8000).map { "[a\($0)]\n" }.joined()
        read(implicit.utf8)
    }

    @Test("bytes that mean nothing")
    func noise() {
        var random = SeededRandom(seed: Self.seed)
        for round in 0..<500 {
            let count = Int.random(in: 0..<200, using: &random)
            let limit: UInt8 = round.isMultiple(of: 2) ? 255 : 127
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...limit, using: &random) }
            read(bytes, "seed \(Self.seed), round \(round)")
        }
        for bytes in [
            [0xFF, 0xFE, 0x61, 0], [0xEF, 0xBB], [0xEF, 0xBB, 0xBF], [0], [0xC0, 0x80], [0xED, 0xA0, 0x80],
        ] {
            read(bytes.map { UInt8($0) })
        }
    }
}

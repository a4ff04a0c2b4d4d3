// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing

@testable import Configuration

@Suite("Diagnostics")
struct DiagnosticTests {
    @Test(
        "the caret is beneath its character",
        arguments: [
            ("abc", 2, "abc", " ^"), ("abc", 1, "abc", "^"), ("abc", 4, "abc", "   ^"), ("abc", 99, "abc", "   ^"),
            ("", 1, "", "^"), ("\ta\tb", 4, "\ta\tb", "\t \t^"), ("äöü x", 5, "äöü x", "    ^"),
            ("日本x", 3, "日本x", "    ^"), ("e\u{301}x", 3, "e\u{301}x", " ^"), ("👍x", 2, "👍x", "  ^"),
            ("a\u{1B}[31mb", 7, "a\u{FFFD}[31mb", "      ^"), ("a\u{202E}b", 3, "a\u{FFFD}b", "  ^"),
        ]
    )
    func caret(line: String, column: Int, shown: String, caret: String) {
        let excerpt = Excerpt(of: line[...], column: column)
        #expect(excerpt.line == shown)
        #expect(excerpt.caret == caret)
    }

    @Test("of a long line, what is around the caret is shown", arguments: [1, 60, 500, 999, 1001])
    func longLine(column: Int) {
        let line = (0..<1000).map { "\($0 % 10)" }.joined()
        let excerpt = Excerpt(of: line[...], column: column)
        #expect(excerpt.line.count <= 102)
        #expect(excerpt.line.hasPrefix("…") == (column > 51))
        #expect(excerpt.line.hasSuffix("…") == (column < 951))
        let characters = Array(excerpt.line)
        #expect(column == 1001 || characters[excerpt.caret.count - 1] == Character("\((column - 1) % 10)"))
    }

    @Test("a caret after a secret moves with it")
    func caretAfterSecret() {
        let line = "a = { url = \"rtsp://u:hunter2@h/\", x = 1 }"
        let column = line.distance(from: line.startIndex, to: line.lastIndex(of: "x") ?? line.endIndex) + 1
        let excerpt = Excerpt(of: line[...], column: column)
        #expect(excerpt.line == "a = { url = \"rtsp://u:***@h/\", x = 1 }")
        #expect(Array(excerpt.line)[excerpt.caret.count - 1] == "x")
    }

    @Test(
        "a secret is shown nowhere",
        arguments: [
            "password = \"hunter2\"", "password='hunter2'", "\"token\" = \"hunter2\" # \"x\"", "API_SECRET = \"hunter2",
            "url = \"rtsp://admin:hunter2@h/\"", "url = \"rtsp://admin:hun/hunter2@h/\"", "u = 'rtsp://:hunter2@h'",
            "url = \"rtsp://h/user=admin&password=hunter2&channel=1\"", "u = \"http://h/?pwd=hunter2\"",
            "a = { user = \"x\", password = \"hunter2\", z = 1 }", "password-file = \"hunter2\"",
            "password = \"rtsp://x:hunter2@h/\"", "u = \"rtsp://a:b@c:hunter2@h\"",
        ]
    )
    func secrets(line: String) {
        for column in 1...(line.count + 1) {
            #expect(!Excerpt(of: line[...], column: column).line.contains("hunter2"))
        }
        #expect(!quoted(line, longest: 200).contains("hunter2"))
        #expect(Excerpt(of: line[...], column: 1).line.contains("***"))
    }

    @Test(
        "what is no secret stays",
        arguments: [
            "password-file = \"/etc/martlet/till.password\"", "url = \"rtsp://cam:554/x\"",
            "user = \"admin\"  # no password",
            "tokens = 5", "directory = \"/x\"  # the token's own",
        ]
    )
    func noSecrets(line: String) {
        #expect(Excerpt(of: line[...], column: 1).line == line)
    }

    @Test("a quotation is short, and on one line")
    func quotation() {
        #expect(quoted("a\n\t\u{1B}b") == "\"a\\n\\t\\u001Bb\"")
        #expect(quoted(String(repeating: "x", count: 41)) == "\"\(String(repeating: "x", count: 40))…\"")
        #expect(quoted("x", mark: "'") == "'x'")
    }

    @Test("a diagnostic is JSON for other programs")
    func json() throws {
        let loaded = Configuration.parse("[camera]\nname = \"a\"\nrotation = 90\nnmae = 1").requiring(.store)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let lines = try loaded.diagnostics.map { String(decoding: try encoder.encode($0), as: UTF8.self) }
        #expect(
            lines == [
                #"{"file":"config.toml","message":"there is no [store] table; martlet store needs one, "#
                    + #"which may be empty","severity":"error"}"#,
                #"{"column":12,"file":"config.toml","key":"camera.rotation","line":3,"#
                    + #""message":"expected 0 or 180, found the integer 90","severity":"error"}"#,
                #"{"column":1,"file":"config.toml","hint":"did you mean 'name'?","line":4,"#
                    + #""message":"unknown key 'nmae'","severity":"error"}"#,
            ]
        )
    }

    @Test(
        "the nearest word is found, if one is near",
        arguments: [
            ("framrate", "framerate"), ("chunk_duration", "chunk-duration"), ("ChunkDuration", "chunk-duration"),
            ("CHUNK_DURATION", "chunk-duration"), ("wdith", "width"), ("urll", "url"), ("lru", nil), ("", nil),
            ("something", nil), (String(repeating: "x", count: 1000), nil),
        ] as [(String, String?)]
    )
    func nearMiss(word: String, match: String?) {
        #expect(nearest(word, among: ["url", "width", "framerate", "chunk-duration"]) == match)
    }

    @Test(
        "the distance between words counts single slips",
        arguments: [
            ("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("abc", "acb", 1), ("kitten", "sitting", 3), ("ca", "abc", 3),
        ]
    )
    func distance(left: String, right: String, distance: Int) {
        #expect(editDistance(left, right) == distance)
        #expect(editDistance(right, left) == distance)
    }
}

// SPDX-License-Identifier: Apache-2.0
import GLib
import TestSupport
import Testing

@Suite("Log")
struct LogTests {
    @Test("levels are ordered by gravity, with syslog's numbers")
    func order() {
        let levels: [Log.Level] = [.debug, .info, .notice, .warning, .error]
        #expect(levels.shuffled().sorted() == levels)
        #expect(levels.map(\.rawValue) == [7, 6, 5, 4, 3])
    }

    @Test(
        "a level lets through itself and what is graver, of ours and of what libraries say",
        .timeLimit(.minutes(1)),
        arguments: [
            // GLib counts a "critical" as a warning.
            ("error", ["error"], []),
            ("warning", ["error", "warning"], ["warning", "warning"]),
            ("notice", ["error", "warning", "notice"], ["warning", "warning", "notice"]),
            ("info", ["error", "warning", "notice", "info"], ["warning", "warning", "notice", "info"]),
            (
                "debug", ["error", "warning", "notice", "info", "debug"],
                ["warning", "warning", "notice", "info", "debug"]
            ),
        ]
    )
    func threshold(level: String, own: [String], libraries: [String]) async throws {
        let result = try await run(Product.program("TestProbe"), "log", level)
        let levels = result.errors.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first }
        #expect(levels.map(String.init) == own + libraries)
        #expect(result.output.isEmpty)
    }

    @Test("a line has the time, the level, whom it is about, and the words", .timeLimit(.minutes(1)))
    func line() async throws {
        let result = try await run(Product.program("TestProbe"), "log", "notice")
        let lines = result.errors.split(separator: "\n")
        let own = try #require(lines.first)
        let library = try #require(lines.last)
        #expect(own.wholeMatch(of: /\d\d:\d\d:\d\d\.\d\d\d error   front-door: the error line/) != nil, "\(own)")
        #expect(
            library.wholeMatch(of: /\d\d:\d\d:\d\d\.\d\d\d notice  probe: the library's notice/) != nil,
            "\(library)"
        )
    }
}

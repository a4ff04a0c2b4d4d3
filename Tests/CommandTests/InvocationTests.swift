// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import martlet

@Suite("Command line")
struct InvocationTests {
    private static func parse(_ words: String) throws -> Invocation {
        try Invocation(parsing: words.split(separator: " ").map(String.init), among: Subcommand.all)
    }

    /// What was typed, and what is said of it.
    private static let mistakes: [(String, String)] = [
        ("", "martlet: what is to be done? 'martlet --help' lists what there is"),
        ("stor", "martlet: unknown subcommand 'stor'; did you mean 'store'?"),
        (
            "xyzzy",
            "martlet: unknown subcommand 'xyzzy'; there are camera, check, chunks, demo, fingerprint, pipeline, status, "
                + "store, token, user"
        ),
        ("--config x", "martlet: unknown option '--config'; options come behind a subcommand, see 'martlet --help'"),
        ("store --confg x", "martlet store: unknown option '--confg'; did you mean '--config'?"),
        ("store --config", "martlet store: --config needs a value: --config FILE"),
        ("store --config a --config b", "martlet store: --config is given twice"),
        ("check --json=1", "martlet check: --json takes no value"),
        ("store extra", "martlet store: unexpected 'extra'; see 'martlet store --help'"),
        ("chunks lst", "martlet chunks: unknown subcommand 'lst'; did you mean 'list'?"),
        ("chunks list a b", "martlet chunks list: unexpected 'b'; see 'martlet chunks list --help'"),
    ]

    @Test("what cannot be understood is said in words that help", arguments: mistakes.indices)
    func mistake(row: Int) {
        let (words, text) = Self.mistakes[row]
        #expect(throws: UsageError(text)) { _ = try Self.parse(words) }
    }

    @Test(
        "options and operands come in any order and both manners",
        arguments: ["till --config=a.toml --json", "--json --config a.toml till", "--config a.toml --json -- till"]
    )
    func arguments(words: String) throws {
        guard case .run(let subcommand, let arguments) = try Self.parse("chunks list " + words) else {
            Issue.record("not to be run")
            return
        }
        #expect(subcommand.name == "chunks list")
        #expect(arguments.operands == ["till"])
        #expect(arguments["config"] == "a.toml")
        #expect(arguments.has("json") && !arguments.has("directory"))
        #expect(arguments.configurationPath == "a.toml")
    }

    @Test("behind '--' everything is an operand")
    func onlyOperands() throws {
        guard case .run(_, let arguments) = try Self.parse("pipeline -- --config") else {
            Issue.record("not to be run")
            return
        }
        #expect(arguments.operands == ["--config"])
    }

    @Test("help is to be had of everything", arguments: Subcommand.all.map(\.name))
    func help(name: String) throws {
        guard case .help(let page) = try Self.parse("\(name) --help") else {
            Issue.record("no help")
            return
        }
        #expect(page.hasPrefix("usage: martlet \(name)"))
        let subcommand = try #require(Subcommand.all.first { $0.name == name })
        for option in subcommand.options { #expect(page.contains("--\(option.name)") && page.contains(option.help)) }
        guard case .help(let overview) = try Self.parse("--help") else {
            Issue.record("no overview")
            return
        }
        #expect(overview.contains(subcommand.summary))
    }

    @Test("a group of subcommands lists them", arguments: ["chunks", "chunks --help"])
    func group(words: String) throws {
        guard case .help(let text) = try Self.parse(words) else {
            Issue.record("no help")
            return
        }
        #expect(text.contains("martlet chunks list"))
        #expect(!text.contains("martlet store"))
    }

    @Test("the version is told")
    func version() throws {
        guard case .version = try Self.parse("--version") else {
            Issue.record("no version")
            return
        }
    }
}

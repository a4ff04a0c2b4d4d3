// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import martlet

@Suite("The reference of the command")
struct CommandReferenceTests {
    /// The text below each `## martlet …` heading, by the subcommand's name.
    private let sections: [String: String]
    private let headings: [String]

    init() throws {
        var sections: [String: String] = [:]
        var headings: [String] = []
        var isWanted = false
        let text = try Repository.text("docs/reference/command.md")
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("## ") {
                isWanted = line.hasPrefix("## martlet ")
                if isWanted { headings.append(String(line.dropFirst("## martlet ".count))) }
            } else if isWanted, let heading = headings.last {
                sections[heading, default: ""] += line + "\n"
            }
        }
        (self.sections, self.headings) = (sections, headings)
    }

    @Test("has each subcommand once, in the order of the help, and none that does not exist")
    func subcommands() {
        #expect(headings == Subcommand.all.map(\.name))
    }

    @Test("says of each subcommand what the help says, word for word", arguments: Subcommand.all.map(\.name))
    func wording(name: String) throws {
        let subcommand = try #require(Subcommand.all.first { $0.name == name })
        let section = try #require(sections[name])
        #expect(section.contains("```\nmartlet \(Help.usage(subcommand))\n```\n"))
        #expect(section.contains("\n\(subcommand.summary).\n"))
        #expect(section.contains("\n\(subcommand.discussion)\n"))
        for operand in subcommand.operands {
            #expect(section.contains("\n| `\(operand.name)` | \(operand.help) |\n"))
        }
        for option in subcommand.options {
            let written = "--\(option.name)" + (option.value.map { " \($0)" } ?? "")
            #expect(section.contains("\n| `\(written)` | \(option.help) |\n"))
        }
    }

    @Test("has no option or operand that a subcommand does not take", arguments: Subcommand.all.map(\.name))
    func nothingElse(name: String) throws {
        let subcommand = try #require(Subcommand.all.first { $0.name == name })
        let section = try #require(sections[name])
        let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(rows.count == subcommand.operands.count + subcommand.options.count)
    }
}

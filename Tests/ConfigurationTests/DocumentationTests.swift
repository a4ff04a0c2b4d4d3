// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

@Suite("Documentation")
struct DocumentationTests {
    @Test("the reference has each table and each key, as the code has them, and no other")
    func reference() throws {
        let lines = try repositoryFile("docs/reference/configuration.md").split(separator: "\n")
        let documented = lines.filter { $0.hasPrefix("## `[") || $0.hasPrefix("| `") }.map(String.init)
        #expect(documented == expectedLines)
    }

    /// The headings and rows that the reference must have.
    private var expectedLines: [String] {
        var lines: [String] = []
        var table = ""
        for key in Configuration.keys {
            if key.table != table { lines.append("## `[\(key.table)]`") }
            table = key.table
            let value =
                switch key.default {
                case .required: "required"
                case .value(let text): "`\(text)`"
                case .unset(let meaning): meaning
                }
            let meaning = key.summary + (key.status == .notYet ? " *Not yet.*" : "")
            let limits = key.limits.map { "\($0) " } ?? ""
            lines.append("| `\(key.name)` | \(key.type) | \(value) | \(limits)| \(meaning) |")
        }
        return lines
    }

    @Test("the example has each key, and its values are the defaults where there are some")
    func example() throws {
        let complete = SourceFile(path: "config.toml", bytes: Array(try completeExample().utf8))
        let root = try Node(parsing: complete)
        for key in Configuration.keys {
            let path = key.table.split(separator: ".").map(String.init) + [key.name]
            let nodes = path.reduce([root]) { nodes, name in
                name == "NAME" ? nodes.flatMap { ($0.table ?? [:]).values } : nodes.compactMap { $0.table?[name] }
            }
            #expect(!nodes.isEmpty, "\(path.joined(separator: "."))")
        }
    }

    @Test("the example as it is has neither mistakes nor warnings, and serves both roles")
    func exampleIsClean() throws {
        let loaded = Configuration.parse(try repositoryFile("config.toml")).requiring(.camera).requiring(.store)
        #expect(loaded.report == "")
        let values = try #require(loaded.configuration)
        // All that is set is set to its default, but for the name.
        #expect(values == Configuration.parse("camera.name = \"front-door\"\nstore = {}").configuration)
    }

    @Test("the example with all that is commented out has no mistakes")
    func exampleIsComplete() throws {
        let loaded = Configuration.parse(try completeExample())
        #expect(!loaded.hasErrors, "\(loaded.report)")
    }
}

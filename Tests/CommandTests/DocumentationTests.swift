// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite("Documentation")
struct DocumentationTests {
    private static let documents: [String] = {
        do {
            let below = try Repository.files(below: "docs").filter { $0.hasSuffix(".md") }
            return ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"] + below
        } catch {
            Issue.record(error)
            return []
        }
    }()

    @Test("every relative link leads to a file, and to a heading where it names one", arguments: documents)
    func links(document: String) throws {
        for link in Markdown(try Repository.text(document)).links where !link.contains("://") {
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let target = parts[0].isEmpty ? document : Self.path(parts[0], from: document)
            guard Repository.exists(target) else {
                Issue.record("\(document): \(link) leads nowhere: there is no \(target)")
                continue
            }
            guard parts.count > 1 else { continue }
            let anchors = Markdown(try Repository.text(target)).anchors
            #expect(anchors.contains(parts[1]), "\(document): \(link): \(target) has no such heading")
        }
    }

    @Test("there are links to follow")
    func linksAreFound() throws {
        #expect(Markdown(try Repository.text("README.md")).links.contains("docs/design/chunks.md"))
        #expect(Markdown("## The `x`, and: Y\n").anchors == ["the-x-and-y"])
        #expect(Self.path("../design/time.md", from: "docs/guide/other-cameras.md") == "docs/design/time.md")
    }

    /// Apart from the test, since Swift 6.0 crashes over a closure among the arguments of a macro.
    private static let linked = documents.filter { $0 != "README.md" }

    @Test("each document can be reached from the README", arguments: linked)
    func reachable(document: String) throws {
        #expect(Markdown(try Repository.text("README.md")).links.contains(document))
    }

    @Test("the README can be read at once: a hundred lines at most")
    func length() throws {
        let lines = try Repository.text("README.md").split(separator: "\n", omittingEmptySubsequences: false)
        // What follows the last line's end is no line.
        #expect(lines.count <= 101)
    }

    @Test("every source file says under which licence it is, in its first lines")
    func licences() throws {
        var files = ["Package.swift"]
        for folder in ["Sources", "Tests", "scripts", "systemd", "Benchmarks"] {
            files += try Repository.files(below: folder)
        }
        let endings = [".swift", ".c", ".cpp", ".h", ".hpp", ".sh", ".service", ".conf", ".py"]
        let sources = files.filter { file in file.hasPrefix("scripts/") || endings.contains { file.hasSuffix($0) } }
        #expect(sources.count > 10)
        for file in sources {
            // Line 1 may be taken: by `#!` or by `// swift-tools-version`.
            let lines = try Repository.text(file).split(separator: "\n").prefix(2)
            let isMarked = lines.contains { $0.hasSuffix("SPDX-License-Identifier: Apache-2.0") }
            #expect(isMarked, "\(file) has no line '// SPDX-License-Identifier: Apache-2.0'")
        }
    }

    /// A relative path, seen from a document, as a path in the repository.
    private static func path(_ link: String, from document: String) -> String {
        var parts = document.split(separator: "/").dropLast().map(String.init)
        for part in link.split(separator: "/") {
            switch part {
            case ".": break
            case ".." where !parts.isEmpty: parts.removeLast()
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}

/// What of a Markdown document leads somewhere, code left out.
private struct Markdown {
    private let lines: [Substring]

    init(_ text: String) {
        var isCode = false
        var lines: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") { isCode.toggle() } else if !isCode { lines.append(line) }
        }
        self.lines = lines
    }

    /// The targets of `[text](target)`.
    var links: [String] {
        lines.flatMap { line in
            line.split(separator: "](", omittingEmptySubsequences: false).dropFirst().compactMap { rest in
                rest.firstIndex(of: ")").map { String(rest[..<$0]) }
            }
        }
    }

    /// The headings as links name them: in lower case, without punctuation, blanks as dashes.
    var anchors: [String] {
        lines.filter { $0.hasPrefix("#") }.map { line in
            line.drop { $0 == "#" }.dropFirst().lowercased().reduce(into: "") { anchor, character in
                if character == " " {
                    anchor.append("-")
                } else if character.isLetter || character.isNumber || character == "-" || character == "_" {
                    anchor.append(character)
                }
            }
        }
    }
}

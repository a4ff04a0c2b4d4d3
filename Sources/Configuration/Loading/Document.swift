// SPDX-License-Identifier: Apache-2.0

/// All files of one configuration, merged.
struct Document: Sendable {
    /// At least one.
    let files: [SourceFile]
    /// A table; empty if there are errors of syntax.
    let root: Node
    let hasSyntaxErrors: Bool
    /// The first file as a whole.
    let whole: Place

    /// Parses and merges files; each of them that cannot be parsed leaves one diagnostic.
    init(_ main: SourceFile, dropIns: [SourceFile], _ findings: Findings) {
        whole = Place(wholeOf: main)
        files = [main] + dropIns
        var merged = Node(value: .table([:]), place: whole, keyPlace: whole)
        var hasSyntaxErrors = false
        for file in files {
            do throws(Diagnostic) {
                merged.merge(try Node(parsing: file))
            } catch {
                findings.add(error)
                hasSyntaxErrors = true
            }
        }
        if hasSyntaxErrors { merged.value = .table([:]) }
        root = merged
        self.hasSyntaxErrors = hasSyntaxErrors
    }

    /// The value at a path such as `camera.source`, if it is there.
    func node(at path: String) -> Node? {
        path.split(separator: ".").reduce(root) { node, name in node?.table?[String(name)] }
    }

    /// The place of the value at a path, of the nearest table around it, or of the first file.
    func place(of path: String) -> Place {
        var node = root
        for name in path.split(separator: ".") {
            guard let child = node.table?[String(name)] else { break }
            node = child
        }
        return node.place
    }
}

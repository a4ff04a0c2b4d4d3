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
    /// What the page's file says by itself, and its path; `nil` without one.
    let page: Node?
    let pageFile: String?

    /// Parses and merges files; each of them that cannot be parsed leaves one diagnostic.
    ///
    /// What the page's says is put beneath the others.
    init(_ main: SourceFile, dropIns: [SourceFile], page file: SourceFile?, _ findings: Findings) {
        whole = Place(wholeOf: main)
        files = [main] + dropIns + [file].compactMap { $0 }
        pageFile = file?.path
        var merged = Node(value: .table([:]), place: whole, keyPlace: whole)
        var hasSyntaxErrors = false
        var page: Node?
        for file in files {
            do throws(Diagnostic) {
                let node = try Node(parsing: file)
                if file.path == pageFile { page = node } else { merged.merge(node) }
            } catch {
                findings.add(error)
                hasSyntaxErrors = true
            }
        }
        if let page { merged.underlay(page, unless: Self.isBeginning) }
        self.page = page
        if hasSyntaxErrors { merged.value = .table([:]) }
        root = merged
        self.hasSyntaxErrors = hasSyntaxErrors
    }

    /// Whether a table means something by being there: settings of a camera that has gone do not bring it back.
    private static func isBeginning(_ path: [String]) -> Bool {
        let tables = [
            ["camera"], ["store"], ["cameras"], ["camera", "push"], ["camera", "upload"], ["store", "incoming"],
        ]
        return tables.contains(path) || (path.count == 2 && path[0] == "cameras")
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

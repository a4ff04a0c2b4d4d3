// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// Reads a configuration file and its drop-ins: `config.d/*.toml` beside it, in name order.
    ///
    /// A drop-in overrides what comes before it key by key: tables are merged, other values replaced. The page's own,
    /// `page.toml`, overrides nothing: it says what no other file does.
    ///
    /// - Throws: `Unreadable` if one of them cannot be read. Mistakes in them are in the result.
    package static func load(path: String) throws(Unreadable) -> Loaded { try load(path: path, page: nil) }

    /// The same, with what the page's file would say instead of what it does.
    static func load(path: String, page text: String?) throws(Unreadable) -> Loaded {
        let main = SourceFile(path: path, bytes: try readFile(path))
        let pagePath = PageSettings.path(of: path)
        var paths = try dropIns(of: path)
        let hasPage = paths.contains(pagePath) || text != nil
        paths.removeAll { $0 == pagePath }
        var files: [SourceFile] = []
        for path in paths {
            files.append(SourceFile(path: path, order: files.count + 1, bytes: try readFile(path)))
        }
        guard hasPage else { return read(main, dropIns: files) }
        let bytes = if let text { Array(text.utf8) } else { try readFile(pagePath) }
        return read(main, dropIns: files, page: SourceFile(path: pagePath, order: files.count + 1, bytes: bytes))
    }

    /// Reads a configuration that is not in a file, but which diagnostics call `file`.
    package static func parse(_ text: String, file: String = "config.toml") -> Loaded {
        read(SourceFile(path: file, bytes: Array(text.utf8)), dropIns: [])
    }

    static func read(_ main: SourceFile, dropIns: [SourceFile], page: SourceFile? = nil) -> Loaded {
        let findings = Findings()
        let document = Document(main, dropIns: dropIns, page: page, findings)
        let configuration = Configuration(reading: TableReader(root: document.root, findings: findings))
        if !document.hasSyntaxErrors {
            Schema.current.check(document.root, findings)
            Checks(configuration, document, findings).run()
        }
        return Loaded(configuration, from: document, findings.diagnostics)
    }
}

// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// Reads a configuration file and its drop-ins: `config.d/*.toml` beside it, in name order.
    ///
    /// A drop-in overrides what comes before it key by key: tables are merged, other values replaced.
    ///
    /// - Throws: `Unreadable` if one of them cannot be read. Mistakes in them are in the result.
    package static func load(path: String) throws(Unreadable) -> Loaded {
        let main = SourceFile(path: path, bytes: try readFile(path))
        var files: [SourceFile] = []
        for path in try dropIns(of: path) {
            files.append(SourceFile(path: path, order: files.count + 1, bytes: try readFile(path)))
        }
        return read(main, dropIns: files)
    }

    /// Reads a configuration that is not in a file, but which diagnostics call `file`.
    package static func parse(_ text: String, file: String = "config.toml") -> Loaded {
        read(SourceFile(path: file, bytes: Array(text.utf8)), dropIns: [])
    }

    static func read(_ main: SourceFile, dropIns: [SourceFile]) -> Loaded {
        let findings = Findings()
        let document = Document(main, dropIns: dropIns, findings)
        let configuration = Configuration(reading: TableReader(root: document.root, findings: findings))
        if !document.hasSyntaxErrors {
            Schema.current.check(document.root, findings)
            Checks(configuration, document, findings).run()
        }
        return Loaded(configuration, from: document, findings.diagnostics)
    }
}

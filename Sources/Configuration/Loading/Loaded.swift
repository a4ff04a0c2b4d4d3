// SPDX-License-Identifier: Apache-2.0

/// What came of reading a configuration: its values, or what is wrong with it.
package struct Loaded: Sendable {
    /// The files that were read, in the order in which later ones override earlier ones; the page's is last, and overrides
    /// nothing.
    package let files: [String]
    /// Mistakes and warnings, in the order of the files.
    package let diagnostics: [Diagnostic]
    private let values: Configuration
    let document: Document

    /// More than these are counted, not told.
    static let mostDiagnostics = 100

    init(_ values: Configuration, from document: Document, _ diagnostics: [Diagnostic]) {
        self.values = values
        self.document = document
        files = document.files.map(\.path)
        var sorted = diagnostics.sorted { left, right in
            left.place == right.place ? left.severity < right.severity : left.place < right.place
        }
        if sorted.count > Self.mostDiagnostics {
            let hasErrors = sorted.contains { $0.severity == .error }
            let rest = sorted.count - Self.mostDiagnostics
            sorted.removeLast(rest)
            sorted.append(Diagnostic(hasErrors ? .error : .warning, at: document.whole, "\(rest) more are not shown"))
        }
        self.diagnostics = sorted
    }
}

extension Loaded {
    /// The configuration, unless there is an error.
    package var configuration: Configuration? {
        hasErrors ? nil : values
    }

    /// Whether there is an error among the diagnostics.
    package var hasErrors: Bool {
        diagnostics.contains { $0.severity == .error }
    }

    /// Where a key's value is written: in the last file that has it.
    ///
    /// - Parameter key: As in `camera.source`, `cameras.till.url` or `locations.shop.devices`.
    /// - Returns: The place of the value; of the table around it, or the whole file, if the key is not there.
    package func place(of key: String) -> Place {
        document.place(of: key)
    }

    /// The same with diagnostics that others made, such as of a pipeline that does not exist.
    package func adding(_ more: [Diagnostic]) -> Loaded {
        Loaded(values, from: document, diagnostics + more)
    }

    /// The same, with an error if the configuration lacks what a role needs.
    package func requiring(_ role: Configuration.Role) -> Loaded {
        // What cannot be parsed may hold the table.
        guard document.root.table?[role.rawValue] == nil, !document.hasSyntaxErrors else { return self }
        let need =
            switch role {
            case .camera: "with at least a name"
            case .store: "which may be empty"
            }
        let message = "there is no [\(role)] table; martlet \(role) needs one, \(need)"
        return adding([Diagnostic(.error, at: document.whole, message)])
    }
}

// SPDX-License-Identifier: Apache-2.0

/// What only several keys together make right or wrong.
///
/// Each check leaves out keys that are wrong by themselves.
struct Checks {
    let configuration: Configuration
    let document: Document
    let findings: Findings

    init(_ configuration: Configuration, _ document: Document, _ findings: Findings) {
        self.configuration = configuration
        self.document = document
        self.findings = findings
    }

    func run() {
        checkSources()
        checkLogins()
        checkURLs()
        checkDirectories()
        checkAddresses()
        checkLocations()
        checkQuotas()
        checkUploads()
    }
}

extension Checks {
    /// In the order of the files, so that the first one written is the one that later ones get in the way of; defaults,
    /// which are written nowhere, before them all.
    func inOrder<Value>(_ keys: [(key: String, value: Value)]) -> [(key: String, value: Value)] {
        keys.map { (entry: $0, place: document.node(at: $0.key)?.place ?? document.whole) }
            .sorted { $0.place < $1.place }
            .map(\.entry)
    }

    func whereItIs(_ key: String) -> String {
        document.node(at: key).map { "first used at \($0.place)" } ?? "by default"
    }

    func report(_ key: String, at place: Place? = nil, _ message: String, hint: String? = nil) {
        findings.add(Diagnostic(.error, at: place ?? document.place(of: key), key: key, message, hint: hint))
    }
}

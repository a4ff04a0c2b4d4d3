// SPDX-License-Identifier: Apache-2.0

/// What comes of reading a configuration besides its values: what is wrong with it, or which keys there are.
final class Findings {
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var keys: [Configuration.Key] = []
    /// Whether the keys are asked for: then every table is read once, even where there is none.
    let areDescriptions: Bool
    private var keysInError: Set<String> = []

    init(areDescriptions: Bool = false) {
        self.areDescriptions = areDescriptions
    }

    func add(_ diagnostic: Diagnostic) {
        diagnostics.append(diagnostic)
        if diagnostic.severity == .error, let key = diagnostic.key { keysInError.insert(key) }
    }

    func describe(_ key: Configuration.Key) {
        if areDescriptions { keys.append(key) }
    }

    /// Whether a key's value is its user's or its default, and not one that stands in for a bad one.
    func isSound(_ key: String) -> Bool {
        !keysInError.contains(key)
    }
}

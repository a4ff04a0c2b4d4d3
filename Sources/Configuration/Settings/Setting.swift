// SPDX-License-Identifier: Apache-2.0

/// One key of a configuration as it stands: what it is, what it says, and who says so.
package struct Setting: Equatable, Sendable {
    /// A value as TOML and JSON both write it.
    package enum Value: Equatable, Sendable {
        case text(String)
        case integer(Int64)
        case decimal(Double)
        case flag(Bool)
    }

    /// Who says what a key's value is.
    package enum Source: Equatable, Sendable {
        /// Nobody: it has its default.
        case standard
        /// The page's own file.
        case page
        /// The user's own file, which the page never changes.
        case file(Place)
    }

    /// As in `store.recording.max-space` or `cameras.till.record`.
    package let key: String
    /// What there is to know of it; its table has `NAME` for a camera's name.
    package let description: Configuration.Key
    /// `nil` where nothing is said and there is no default.
    package let value: Value?
    package let standard: Value?
    package let source: Source
}

extension Loaded {
    /// Every setting that a role has and the page may show: what acts, for the cameras there are.
    package func settings(for role: Configuration.Role) -> [Setting] {
        let all = Configuration.keys
        // A table that means something by being there, and so needs a key, is the user's to begin.
        let optional = Set(all.filter { $0.default == .required }.map(\.table))
        let keys = all.filter { key in
            key.status == .acts && key.name != TableReader.anyName
                && (!optional.contains(key.table) || document.node(at: key.table) != nil)
        }
        let cameras = document.node(at: "cameras")?.table?.keys.sorted() ?? []
        return keys.flatMap { key -> [Setting] in
            switch key.table.split(separator: ".").first {
            case "cameras": role == .store ? cameras.compactMap { setting(key, in: "cameras.\($0)") } : []
            case "camera", "store": key.isOf(role.rawValue) ? [setting(key, in: key.table)].compactMap { $0 } : []
            default: [setting(key, in: key.table)].compactMap { $0 }
            }
        }
    }

    /// `nil` for what is no single value.
    private func setting(_ key: Configuration.Key, in table: String) -> Setting? {
        let path = "\(table).\(key.name)"
        var standard: Setting.Value?
        if case .value(let text) = key.default { standard = Setting.Value(toml: text) }
        guard let node = document.node(at: path) else {
            return Setting(key: path, description: key, value: standard, standard: standard, source: .standard)
        }
        guard let value = Setting.Value(node) else { return nil }
        let isPage = node.place.file == document.pageFile
        return Setting(
            key: path,
            description: key,
            value: value,
            standard: standard,
            source: isPage ? .page : .file(node.place)
        )
    }
}

extension Configuration.Key {
    fileprivate func isOf(_ role: String) -> Bool { table == role || table.hasPrefix("\(role).") }
}

extension Setting.Value {
    /// `nil` for what is not a single value.
    init?(_ node: Node) {
        switch node.value {
        case .string(let text): self = .text(text)
        case .integer(let number): self = .integer(number)
        case .float(let number): self = .decimal(number)
        case .boolean(let flag): self = .flag(flag)
        case .table, .array, .date: return nil
        }
    }

    /// A value as TOML writes it; `nil` for what is not a single value.
    init?(toml text: String) {
        let file = SourceFile(path: "", bytes: Array("value = \(text)".utf8))
        guard let root = try? Node(parsing: file), let node = root.table?["value"] else { return nil }
        self.init(node)
    }

    /// As TOML writes it.
    var toml: String {
        switch self {
        case .text(let text):
            let escaped = text.unicodeScalars.map { scalar in
                switch scalar {
                case "\"", "\\": "\\\(scalar)"
                case _ where scalar.properties.generalCategory == .control:
                    "\\U" + String(repeating: "0", count: 8 - String(scalar.value, radix: 16).count)
                        + String(scalar.value, radix: 16)
                default: String(scalar)
                }
            }
            return "\"\(escaped.joined())\""
        case .integer(let number): return String(number)
        case .decimal(let number): return String(number)
        case .flag(let flag): return String(flag)
        }
    }
}

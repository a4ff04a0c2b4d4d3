// SPDX-License-Identifier: Apache-2.0

/// Which tables and keys there are, to find and explain those that there are not.
struct Schema: Sendable {
    /// The names of the keys in each table, by the table's path; "" is the root.
    private let keys: [String: [String]]
    /// The paths of all tables, in the order of the reference.
    private let tables: [String]

    /// The schema of `Configuration`.
    static let current = Schema(Configuration.keys)

    private init(_ allKeys: [Configuration.Key]) {
        var tables: [String] = []
        for key in allKeys {
            let parts = key.table.split(separator: ".")
            for end in parts.indices {
                let path = parts[...end].joined(separator: ".")
                if !tables.contains(path) { tables.append(path) }
            }
        }
        self.tables = tables
        keys = Dictionary(grouping: allKeys, by: \.table).mapValues { $0.map(\.name) }
    }
}

// MARK: Finding what there is not

extension Schema {
    /// Something that the document has and the schema does not.
    private struct Unknown {
        let name: String
        /// The table it is in, as the document and as the schema call it.
        let table: (path: String, schemaPath: String)
        let node: Node
    }

    /// Reports each key and table that is none.
    func check(_ root: Node, _ findings: Findings) {
        var unknowns: [Unknown] = []
        collect(&unknowns, in: root, path: "", schemaPath: "")
        unknowns.sort { $0.node.keyPlace < $1.node.keyPlace }
        for (index, unknown) in unknowns.enumerated() {
            // Nobody reads hints by the thousand, or means a key by a page of text, and each hint takes its time.
            let isWorthHint = index < Loaded.mostDiagnostics && unknown.name.utf8.count < 64
            findings.add(diagnostic(for: unknown, withHint: isWorthHint))
        }
    }

    private func collect(_ unknowns: inout [Unknown], in node: Node, path: String, schemaPath: String) {
        let known = keys[schemaPath] ?? []
        for (name, child) in node.table ?? [:] where !known.contains(name) && !known.contains(TableReader.anyName) {
            let possible = [join(schemaPath, name), join(schemaPath, "NAME")]
            if let childSchema = possible.first(where: tables.contains) {
                collect(&unknowns, in: child, path: join(path, name), schemaPath: childSchema)
            } else {
                unknowns.append(Unknown(name: name, table: (path, schemaPath), node: child))
            }
        }
    }

    private func diagnostic(for unknown: Unknown, withHint: Bool) -> Diagnostic {
        if unknown.node.table != nil {
            let path = quoted(join(unknown.table.path, unknown.name), mark: "")
            let hint = withHint ? tableHint(unknown.name, in: unknown.table.schemaPath) : nil
            return Diagnostic(.error, at: unknown.node.keyPlace, "unknown table [\(path)]", hint: hint)
        }
        let hint = withHint ? keyHint(unknown.name, in: unknown.table.schemaPath) : nil
        return Diagnostic(
            .error,
            at: unknown.node.keyPlace,
            "unknown key \(quoted(unknown.name, mark: "'"))",
            hint: hint
        )
    }
}

// MARK: Explaining it

extension Schema {
    /// What the keys are called elsewhere, or would be called by many.
    private static let otherNames = [
        "fps": "framerate", "frame-rate": "framerate", "bit-rate": "bitrate", "gop": "keyframe-interval",
        "rotate": "rotation", "flip": "rotation", "chunk-length": "chunk-duration", "chunk-time": "chunk-duration",
        "segment-duration": "chunk-duration", "quota": "max-space", "max-size": "max-space", "limit": "max-space",
        "retention": "max-age", "path": "directory", "dir": "directory", "folder": "directory", "uri": "url",
        "address": "listen", "port": "listen", "tls-port": "tls-listen", "username": "user", "login": "user",
        "password": "password-file", "token": "token-file", "key": "key-file", "protocol": "transport",
        "cameras": "devices",
    ]

    private func keyHint(_ name: String, in table: String) -> String? {
        let spelledRight = kebabCase(name)
        let here = keys[table] ?? []
        if here.contains(spelledRight) { return "did you mean '\(spelledRight)'?" }

        let owners = relatives(of: table).filter { keys[$0]?.contains(spelledRight) ?? false }
        if !owners.isEmpty { return "'\(spelledRight)' belongs in \(list(owners))" }

        if let near = nearestKey(name, among: here) { return "did you mean '\(near)'?" }
        let subtables = tables.filter { parent(of: $0) == table }.map(lastName)
        if let near = nearest(name, among: subtables) { return "did you mean [\(join(table, near))]?" }

        let elsewhere = relatives(of: table).flatMap { keys[$0] ?? [] }
        guard let near = nearestKey(name, among: elsewhere) else { return nil }
        return "did you mean '\(near)' in \(list(relatives(of: table).filter { keys[$0]?.contains(near) ?? false }))?"
    }

    private func tableHint(_ name: String, in table: String) -> String? {
        let here = tables.filter { parent(of: $0) == table && lastName($0) != "NAME" }
        if let near = nearest(name, among: here.map(lastName)) { return "did you mean [\(join(table, near))]?" }
        let elsewhere = tables.filter { lastName($0) == kebabCase(name) }
        if !elsewhere.isEmpty { return "did you mean \(list(elsewhere))?" }
        return table == "camera" ? "the cameras of a store are written [cameras.NAME]" : nil
    }

    private func nearestKey(_ name: String, among keys: [String]) -> String? {
        let otherNames = Self.otherNames.filter { keys.contains($0.value) }
        return nearest(name, among: keys + otherNames.keys.sorted()).map { otherNames[$0] ?? $0 }
    }

    /// The other tables that a key may have been meant for: those of the same role, if it has any.
    private func relatives(of table: String) -> [String] {
        let others = tables.filter { $0 != table }
        let role = others.filter {
            !table.isEmpty && $0.split(separator: ".").first == table.split(separator: ".").first
        }
        return role.isEmpty ? others : role
    }

    /// `[a]`, `[a] or [b]`, `[a], [b] or [c]`.
    private func list(_ tables: [String]) -> String {
        let names = tables.map { "[\($0)]" }
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " or " + last
    }

    private func parent(of table: String) -> String {
        table.split(separator: ".").dropLast().joined(separator: ".")
    }

    private func lastName(_ table: String) -> String {
        table.split(separator: ".").last.map(String.init) ?? ""
    }

    private func join(_ path: String, _ name: String) -> String {
        path.isEmpty ? name : "\(path).\(name)"
    }
}

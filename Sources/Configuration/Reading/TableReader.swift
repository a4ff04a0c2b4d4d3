// SPDX-License-Identifier: Apache-2.0

/// Reads one table of a configuration key by key, and gathers what is wrong with it.
///
/// A mistake does not stop the reading: a value stands in for the bad one, so that every mistake is found, and a
/// configuration with one is never handed out. Reading says each key once, in one line, and that line is also where the
/// list of all keys comes from: see `Configuration.keys`.
struct TableReader {
    /// As in `camera.recording`; empty for the root.
    let path: String
    /// The table, or `nil` where there is none and every key has its default.
    private let node: Node?
    private let findings: Findings

    init(root: Node?, findings: Findings) {
        self.init(path: "", node: root, findings: findings)
    }

    private init(path: String, node: Node?, findings: Findings) {
        self.path = path
        self.node = node
        self.findings = findings
    }
}

// MARK: Keys

extension TableReader {
    /// A key that has a default.
    func value<Value>(
        _ key: String,
        _ format: Format<Value>,
        default fallback: Value,
        _ summary: String,
        _ status: Configuration.Key.Status = .acts
    ) -> Value {
        describe(key, format, default: .value(format.write(fallback)), summary, status)
        guard let (value, place) = read(key, format) else { return fallback }
        if status == .notYet, value != fallback { warn(key, at: place) }
        return value
    }

    /// A key that has to be there.
    func required<Value>(
        _ key: String,
        _ format: Format<Value>,
        _ summary: String,
        _ status: Configuration.Key.Status = .acts
    ) -> Value {
        describe(key, format, default: .required, summary, status)
        if let node, node.table?[key] == nil {
            let hint = "add \(key) = \(format.write(format.example))"
            findings.add(.init(.error, at: node.place, key: path, "the key '\(key)' is missing", hint: hint))
        }
        guard let (value, place) = read(key, format) else { return format.example }
        if status == .notYet { warn(key, at: place) }
        return value
    }

    /// A key that need not be there; `absent` says in a few words what is done without it.
    func optional<Value>(
        _ key: String,
        _ format: Format<Value>,
        absent: String = "none",
        _ summary: String,
        _ status: Configuration.Key.Status = .acts
    ) -> Value? {
        describe(key, format, default: .unset(absent), summary, status)
        guard let (value, place) = read(key, format) else { return nil }
        if status == .notYet { warn(key, at: place) }
        return value
    }

    private func read<Value>(_ key: String, _ format: Format<Value>) -> (value: Value, place: Place)? {
        guard let node = node?.table?[key] else { return nil }
        var mismatches: [Mismatch] = []
        let value = format.read(node, &mismatches)
        for mismatch in mismatches {
            findings.add(.init(.error, at: mismatch.place, key: path(of: key), mismatch.message, hint: mismatch.hint))
        }
        return value.map { ($0, node.place) }
    }

    private func warn(_ key: String, at place: Place) {
        findings.add(.init(.warning, at: place, key: path(of: key), "is not acted on by this version"))
    }

    private func describe<Value>(
        _ key: String,
        _ format: Format<Value>,
        default: Configuration.Key.Default,
        _ summary: String,
        _ status: Configuration.Key.Status
    ) {
        findings.describe(
            .init(
                table: path,
                name: key,
                type: format.type,
                limits: format.limits,
                default: `default`,
                summary: summary,
                status: status
            )
        )
    }

    private func path(of key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }
}

// MARK: Tables

extension TableReader {
    /// A table that is as good as there: without it, its keys have their defaults.
    func table<Value>(_ name: String, _ read: (TableReader) -> Value) -> Value {
        read(TableReader(path: path(of: name), node: subtable(name), findings: findings))
    }

    /// A table that means something by being there.
    func optionalTable<Value>(_ name: String, _ read: (TableReader) -> Value) -> Value? {
        let node = subtable(name)
        guard node != nil || findings.areDescriptions else { return nil }
        return read(TableReader(path: path(of: name), node: node, findings: findings))
    }

    /// A table of tables, each for one thing such as a "camera", with a name of its user's choice; sorted by name.
    func tables<Value>(_ name: String, each: String, _ read: (CameraName, TableReader) -> Value) -> [Value] {
        if findings.areDescriptions {
            return [read(.example, TableReader(path: "\(path(of: name)).NAME", node: nil, findings: findings))]
        }
        let hint = "write [\(path(of: name)).NAME], one table for each \(each)"
        let tables = subtable(name, hint: hint)?.table ?? [:]
        return tables.sorted { $0.key < $1.key }.compactMap { key, node in
            let itsPath = "\(path(of: name)).\(key)"
            guard node.table != nil else {
                let mismatch = Mismatch(node, expected: "a table", hint: hint)
                findings.add(.init(.error, at: node.place, key: itsPath, mismatch.message, hint: mismatch.hint))
                return nil
            }
            let name = cameraName(key, in: path(of: name), at: node.keyPlace)
            // Without a name it is still read, for the mistakes in it.
            let value = read(name ?? .example, TableReader(path: itsPath, node: node, findings: findings))
            return name == nil ? nil : value
        }
    }

    /// A table whose keys are of its user's choice, such as paths.
    func map<Value>(_ name: String, _ format: Format<Value>, _ summary: String) -> [String: Value] {
        let reader = TableReader(path: path(of: name), node: subtable(name), findings: findings)
        reader.describe(Self.anyName, format, default: .unset("none"), summary, .acts)
        var values: [String: Value] = [:]
        for key in (reader.node?.table ?? [:]).keys.sorted() { values[key] = reader.read(key, format)?.value }
        return values
    }

    /// What stands for a name of the user's choice, in paths and among keys.
    static let anyName = "NAME"

    private func subtable(_ name: String, hint: String? = nil) -> Node? {
        guard let node = node?.table?[name] else { return nil }
        guard node.table != nil else {
            let mismatch = Mismatch(node, expected: "a table", hint: hint ?? "write [\(path(of: name))]")
            findings.add(.init(.error, at: node.place, key: path(of: name), mismatch.message, hint: mismatch.hint))
            return nil
        }
        return node
    }

    private func cameraName(_ text: String, in table: String, at place: Place) -> CameraName? {
        do throws(InvalidValue) {
            return try CameraName(parsing: text)
        } catch {
            let message = "expected \(Format.cameraName.expected), found \(quoted(text))"
            findings.add(.init(.error, at: place, key: table, message, hint: error.hint))
            return nil
        }
    }
}

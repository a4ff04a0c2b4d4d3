// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The drop-in that the page writes: `config.d/page.toml` beside the configuration.
///
/// It says what the user's own files do not: what they say holds, and what the page says is put beneath it.
package struct PageSettings: Sendable {
    static let name = "page.toml"

    /// Why settings cannot be changed, in words for the user.
    package enum Failure: Error {
        /// The user's own file says it.
        case fixed(key: String, Place)
        /// There is no such key, or none that the page may change.
        case unknown(key: String)
        /// With the changes there would be mistakes.
        case mistaken([Diagnostic])
        /// The file cannot be read or written.
        case disk(String)
    }

    /// The user's configuration.
    private let configuration: String
    private let role: Configuration.Role
    /// The page's file.
    package let path: String

    package init(of configuration: String, role: Configuration.Role) {
        (self.configuration, self.role) = (configuration, role)
        path = Self.path(of: configuration)
    }

    static func path(of configuration: String) -> String { "\(dropInFolder(of: configuration))/\(name)" }

    /// What the files say now, and what is wrong in them.
    package func current() throws(Failure) -> (settings: [Setting], mistakes: [Diagnostic]) {
        let loaded = try load(nil)
        return (loaded.settings(for: role), loaded.diagnostics.filter { $0.severity == .error })
    }

    /// Writes other values into the page's file, all or none; `nil` is the default again.
    ///
    /// - Throws: ``Failure``; then nothing is written.
    package func change(_ changes: [String: Setting.Value?]) throws(Failure) {
        let before = try load(nil)
        let settings = Dictionary(before.settings(for: role).map { ($0.key, $0) }) { one, _ in one }
        for key in changes.keys.sorted() {
            guard let setting = settings[key] else { throw .unknown(key: key) }
            if case .file(let place) = setting.source { throw .fixed(key: key, place) }
        }
        var values = before.pageValues
        for (key, value) in changes { values[key] = value }
        let text = Self.text(values)
        let after = try load(text)
        let mistakes = after.diagnostics.filter { $0.severity == .error }
        guard mistakes.isEmpty else { throw .mistaken(mistakes) }
        try write(text)
    }

    private func load(_ text: String?) throws(Failure) -> Loaded {
        do throws(Unreadable) { return try Configuration.load(path: configuration, page: text).requiring(role) } catch {
            throw .disk(error.description)
        }
    }

    // MARK: The file

    private static let head = """
        # What was set on the page. It may be edited; what your own files say holds instead of it.

        """

    /// By tables, in order.
    private static func text(_ values: [String: Setting.Value]) -> String {
        let tables = Dictionary(grouping: values.keys) { key in
            key.split(separator: ".").dropLast().joined(separator: ".")
        }
        var text = head
        for table in tables.keys.sorted() {
            text += "\n[\(table)]\n"
            for key in (tables[table] ?? []).sorted() {
                guard let value = values[key] else { continue }
                text += "\(key.split(separator: ".").last ?? "") = \(value.toml)\n"
            }
        }
        return text
    }

    /// The former file is there until the new one is, whole and on the disk.
    private func write(_ text: String) throws(Failure) {
        let folder = dropInFolder(of: configuration)
        let new = "\(folder)/.\(Self.name).new"
        guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw failure("make", folder) }
        let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard file >= 0 else { throw failure("write", new) }
        defer { close(file) }
        // As readable as the user's own, whatever the service's mask: nothing in it is secret.
        guard fchmod(file, 0o644) == 0 else { throw failure("open to readers", new) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("write", new) }
            written += count
        }
        guard fsync(file) == 0, rename(new, path) == 0 else { throw failure("write", path) }
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("sync", folder) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw failure("sync", folder) }
    }

    private func failure(_ what: String, _ path: String) -> Failure {
        let error = errno
        let advice = [EACCES, EPERM, EROFS].contains(error) ? "; let the service's user write there" : ""
        return .disk("cannot \(what) \(path): \(String(cString: strerror(error)))\(advice)")
    }
}

extension Loaded {
    /// What the page's file says, also where the user's own says something else.
    fileprivate var pageValues: [String: Setting.Value] {
        var values: [String: Setting.Value] = [:]
        func collect(_ node: Node, _ path: String) {
            for (name, child) in node.table ?? [:] {
                let itsPath = path.isEmpty ? name : "\(path).\(name)"
                if child.table != nil { collect(child, itsPath) } else { values[itsPath] = Setting.Value(child) }
            }
        }
        if let page = document.page { collect(page, "") }
        return values
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What is larger is refused: no configuration is, and reading on might never end.
private let mostBytes = 4_000_000

/// Reads a whole file.
///
/// - Throws: `Unreadable` if the system refuses, or the file is larger than 4 MB.
func readFile(_ path: String) throws(Unreadable) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Unreadable(path, errno) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw Unreadable(path, errno) }
        if count == 0 { return content }
        content += buffer[..<count]
        guard content.count <= mostBytes else {
            throw Unreadable(path: path, reason: "it is larger than 4 MB", hint: "name a configuration file")
        }
    }
}

/// The folder of a configuration file's drop-ins.
func dropInFolder(of path: String) -> String {
    let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    return path[..<slash] + "config.d"
}

/// The paths of the drop-ins that belong to a configuration file: `config.d/*.toml` beside it, in name order.
///
/// - Throws: `Unreadable` if there is a `config.d` that cannot be listed.
func dropIns(of path: String) throws(Unreadable) -> [String] {
    let directory = dropInFolder(of: path)
    guard let stream = opendir(directory) else {
        if errno == ENOENT { return [] }
        throw Unreadable(directory, errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
        errno = 0
        guard let entry = readdir(stream) else { break }
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        // A hidden one is an editor's or a copier's own.
        if name.hasSuffix(".toml"), !name.hasPrefix(".") { names.append(name) }
    }
    guard errno == 0 else { throw Unreadable(directory, errno) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { "\(directory)/\($0)" }
}

extension Unreadable {
    fileprivate init(_ path: String, _ error: CInt) {
        self.path = path
        reason = String(cString: strerror(error))
        hint =
            switch error {
            case ENOENT: "name the configuration with --config FILE"
            case EACCES: "let the user who runs martlet read it"
            case EISDIR: "name the file in it"
            default: nil
            }
    }
}

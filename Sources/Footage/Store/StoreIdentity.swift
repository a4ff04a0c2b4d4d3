// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A store's directory and its index carry one identity, so that neither is ever taken for another's.
enum StoreIdentity {
    static let name = ".id"

    /// The directory's identity; `nil` if it has none yet.
    static func read(in directory: String) throws(FileError) -> String? {
        let path = "\(directory)/\(name)"
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw FileError("read", path)
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else { throw FileError("read", path) }
        let text = String(decoding: bytes[..<count], as: UTF8.self).filter { $0.isHexDigit || $0 == "-" }
        // Torn by a power cut at the very beginning: as good as none.
        return text.count == 36 ? text : nil
    }

    static func write(_ identity: String, in directory: String) throws(FileError) {
        let path = "\(directory)/\(name)"
        let file = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard file >= 0 else { throw FileError("create", path) }
        defer { close(file) }
        let text = identity + "\n"
        guard Glibc.write(file, text, text.utf8.count) == text.utf8.count, fsync(file) == 0 else {
            throw FileError("write", path)
        }
        try Folder.sync(directory)
    }
}

/// A random identity (RFC 9562, version 4), in its text form.
package func makeIdentity() -> String {
    var bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    let digits = bytes.hexadecimal
    let ends = [8, 12, 16, 20, 32]
    return zip([0] + ends, ends).map { from, to in
        String(digits.dropFirst(from).prefix(to - from))
    }.joined(separator: "-")
}

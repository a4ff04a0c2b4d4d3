// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import Glibc

/// Secrets lie in files of their own, not in config.toml.
package enum Secret {
    /// The first line of a file.
    ///
    /// Its content never goes into a message.
    package static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "re") else { throw FileError("read the password from", path) }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 1024)
        guard fgets(&line, Int32(line.count), file) != nil else {
            throw FileError("find a password in", path, code: ENODATA)
        }
        return String(
            decoding: line.prefix { $0 != 0 && $0 != 10 && $0 != 13 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }
}

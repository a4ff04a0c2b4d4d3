// SPDX-License-Identifier: Apache-2.0
internal import CSodium
internal import Glibc

/// A key of this machine's, in a file beside the database: who has the one without the other has nothing to guess from.
struct SealingKey: Sendable {
    private let bytes: [UInt8]

    /// Reads it, or makes it if there is none.
    init(file: String) throws(AccessFailure) {
        if access(file, F_OK) != 0 { try Self.make(file) }
        let found = Glibc.open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard found >= 0 else { throw AccessFailure("open", file) }
        defer { close(found) }
        var read = [UInt8](repeating: 0, count: Int(crypto_secretbox_KEYBYTES) + 1)
        guard Glibc.read(found, &read, read.count) == Int(crypto_secretbox_KEYBYTES) else {
            throw AccessFailure(description: "\(file) is no key: give passwords and tokens anew once it is moved away")
        }
        bytes = Array(read.dropLast())
    }

    /// Beside the place first: a power cut leaves no half of a key, and of two only the first makes one.
    private static func make(_ file: String) throws(AccessFailure) {
        let new = "\(file).\(getpid())"
        unlink(new)
        let made = Glibc.open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard made >= 0 else { throw AccessFailure("create", new) }
        defer {
            close(made)
            unlink(new)
        }
        let bytes = Sodium.random(Int(crypto_secretbox_KEYBYTES))
        guard write(made, bytes, bytes.count) == bytes.count, fsync(made) == 0 else {
            throw AccessFailure("write", new)
        }
        guard link(new, file) == 0 || errno == EEXIST else { throw AccessFailure("create", file) }
    }

    /// Nonce and sealed text.
    func seal(_ text: String) -> [UInt8] {
        let nonce = Sodium.random(Int(crypto_secretbox_NONCEBYTES))
        let plain = Array(text.utf8)
        var sealed = [UInt8](repeating: 0, count: plain.count + Int(crypto_secretbox_MACBYTES))
        crypto_secretbox_easy(&sealed, plain, UInt64(plain.count), nonce, bytes)
        return nonce + sealed
    }

    /// `nil` if it was sealed with another key, or changed.
    func open(sealed: [UInt8]) -> String? {
        let overhead = Int(crypto_secretbox_NONCEBYTES) + Int(crypto_secretbox_MACBYTES)
        guard sealed.count >= overhead else { return nil }
        let nonce = Array(sealed.prefix(Int(crypto_secretbox_NONCEBYTES)))
        let rest = Array(sealed.dropFirst(nonce.count))
        var plain = [UInt8](repeating: 0, count: sealed.count - overhead)
        guard crypto_secretbox_open_easy(&plain, rest, UInt64(rest.count), nonce, bytes) == 0 else { return nil }
        return String(decoding: plain, as: UTF8.self)
    }
}

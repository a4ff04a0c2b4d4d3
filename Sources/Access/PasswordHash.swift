// SPDX-License-Identifier: Apache-2.0
internal import CSodium

/// Argon2id as libsodium writes it: salt and parameters are in the text (`crypto_pwhash_str`).
package struct PasswordHash: Equatable, Sendable {
    package struct Parameters: Equatable, Sendable {
        /// Passes.
        package let operations: UInt64
        /// In bytes.
        package let memory: Int

        package init(operations: UInt64, memory: Int) { (self.operations, self.memory) = (operations, memory) }

        /// OWASP's least for Argon2id (Password Storage Cheat Sheet): 19 MiB and two passes, which a Pi Zero 2 W
        /// computes in about a third of a second.
        package static let standard = Parameters(operations: 2, memory: 19 << 20)
    }

    /// Why there is no hash: there was no memory for it.
    package struct OutOfMemory: Error, CustomStringConvertible {
        package let description = "there is no memory to compute a password's hash with"
    }

    /// `$argon2id$v=19$m=…`.
    package let text: String

    package init(text: String) { self.text = text }

    /// Blocks for a good part of a second.
    package init(of password: String, _ parameters: Parameters = .standard) throws(OutOfMemory) {
        Sodium.start()
        var text = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
        let result = crypto_pwhash_str_alg(
            &text,
            password,
            UInt64(password.utf8.count),
            parameters.operations,
            parameters.memory,
            crypto_pwhash_ALG_ARGON2ID13
        )
        guard result == 0 else { throw OutOfMemory() }
        self.text = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Whether this is the password; takes as long as it took to make the hash, right or wrong.
    package func matches(_ password: String) -> Bool {
        Sodium.start()
        return crypto_pwhash_str_verify(text, password, UInt64(password.utf8.count)) == 0
    }

    /// Whether it was made with other parameters than these.
    package func isOutdated(_ parameters: Parameters = .standard) -> Bool {
        crypto_pwhash_str_needs_rehash(text, parameters.operations, parameters.memory) != 0
    }
}

/// libsodium, which wants to be started.
enum Sodium {
    static func start() { precondition(started >= 0, "libsodium does not start") }

    private static let started = sodium_init()

    static func random(_ count: Int) -> [UInt8] {
        start()
        var bytes = [UInt8](repeating: 0, count: count)
        randombytes_buf(&bytes, count)
        return bytes
    }

    /// Whether they are the same; how long it takes tells nothing of where they differ.
    static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && sodium_memcmp(one, other, one.count) == 0
    }
}

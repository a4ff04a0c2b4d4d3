// SPDX-License-Identifier: Apache-2.0
internal import CCrypto

/// What Digest needs instead of the password: MD5 of user, realm and password (RFC 2617, 3.2.2.2: H(A1)).
///
/// Players know no other Digest. MD5 is quickly guessed from: where this is kept it is sealed with a key of the machine's.
package struct DigestSecret: Equatable, Sendable {
    package static let realm = "Martlet"

    /// Thirty-two hexadecimal digits.
    package let text: String

    package init(text: String) { self.text = text }

    package init(user: String, password: String) { text = Self.md5("\(user):\(Self.realm):\(password)") }

    /// What a client has to answer (RFC 2617, 3.2.2.1; without `qop` as RFC 2069 has it).
    package func response(method: String, uri: String, nonce: String) -> String {
        Self.md5("\(text):\(nonce):\(Self.md5("\(method):\(uri)"))")
    }

    private static func md5(_ text: String) -> String {
        var digest = [UInt8](repeating: 0, count: 16)
        let bytes = Array(text.utf8)
        // Where MD5 is forbidden (FIPS) nobody gets in by Digest.
        guard EVP_Digest(bytes, bytes.count, &digest, nil, EVP_md5(), nil) == 1 else { return "" }
        return digest.lowercaseHexadecimal
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import CSodium

/// Challenges for Digest that need no memory: each is a connection's, authenticated with a key of the process's.
package struct Nonces: Sendable {
    private let key: [UInt8]

    package init() { key = Sodium.random(Int(crypto_auth_KEYBYTES)) }

    package func make(for connection: UInt) -> String {
        var code = [UInt8](repeating: 0, count: Int(crypto_auth_BYTES))
        let text = withUnsafeBytes(of: connection) { Array($0) }
        crypto_auth(&code, text, UInt64(text.count), key)
        return code.prefix(16).map { $0 }.lowercaseHexadecimal
    }

    package func isOurs(_ nonce: String, on connection: UInt) -> Bool {
        Sodium.areEqual(Array(nonce.utf8), Array(make(for: connection).utf8))
    }
}

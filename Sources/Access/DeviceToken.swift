// SPDX-License-Identifier: Apache-2.0
internal import CSodium

/// What a device shows instead of a password: for one camera, and no more than it needs.
///
/// 256 bits of chance, shown once; only its digests are kept.
package struct DeviceToken: Equatable, Sendable {
    package enum Rights: String, CaseIterable, Sendable {
        /// Takes the camera's live video, and its footage.
        case read
        /// Brings the camera's live video.
        case publish
        case both

        package var mayRead: Bool { self != .publish }
        package var mayPublish: Bool { self != .read }
    }

    /// By what it is listed and revoked: eight hexadecimal digits.
    package let id: String
    package let camera: String
    package let rights: Rights
    /// Seconds since 1970.
    package let created: Int64
    /// SHA-256 of the token.
    package let digest: [UInt8]
    /// For RTSP's Digest: see ``DigestSecret``.
    package let secret: DigestSecret

    /// Makes one; the text is the token itself, which is nowhere kept.
    package static func issue(camera: String, rights: Rights, at time: Int64) -> (token: DeviceToken, text: String) {
        let text = "martlet_" + Sodium.random(32).lowercaseHexadecimal
        let token = DeviceToken(
            id: Sodium.random(4).lowercaseHexadecimal,
            camera: camera,
            rights: rights,
            created: time,
            digest: digest(of: text),
            secret: DigestSecret(user: camera, password: text)
        )
        return (token, text)
    }

    package func matches(_ text: String) -> Bool { Sodium.areEqual(digest, Self.digest(of: text)) }

    static func digest(of text: String) -> [UInt8] {
        Sodium.start()
        var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
        crypto_hash_sha256(&digest, Array(text.utf8), UInt64(text.utf8.count))
        return digest
    }
}

extension [UInt8] {
    var lowercaseHexadecimal: String {
        map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined()
    }
}

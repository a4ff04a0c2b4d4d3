// SPDX-License-Identifier: Apache-2.0
internal import CCrypto

/// What tells whether a frame's bytes came as they were.
package struct FrameHashes: Codable, Sendable {
    /// Of each frame, SHA-256 in hexadecimal.
    package let sha256: [String]

    package init(sha256: [String]) { self.sha256 = sha256 }

    /// Of one frame's bytes.
    package static func hash(_ bytes: some Collection<UInt8>) -> String {
        let bytes = Array(bytes)
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil) == 1 else {
            preconditionFailure("OpenSSL has no SHA-256")
        }
        return digest.hexadecimal
    }
}

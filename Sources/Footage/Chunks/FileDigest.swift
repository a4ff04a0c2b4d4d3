// SPDX-License-Identifier: Apache-2.0
internal import CCrypto
internal import Glibc

/// SHA-256 of a file, as `sha256sum` computes it.
package enum FileDigest {
    private static let blockSize = 1 << 20

    /// Reads the whole file; `progress` is told each block's size, and may throw to give up.
    package static func sha256(of path: String, progress: (Int) throws -> Void = { _ in }) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { throw FileError("open", path) }
        defer { close(file) }
        guard let context = EVP_MD_CTX_new() else { throw FileError("compute the digest of", path, code: ENOMEM) }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            throw FileError("compute the digest of", path, code: ENOTSUP)
        }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)
        defer { block.deallocate() }
        while true {
            let count = read(file, block.baseAddress, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError("read", path) }
            if count == 0 { break }
            EVP_DigestUpdate(context, block.baseAddress, count)
            try progress(count)
        }
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else {
            throw FileError("compute the digest of", path, code: EIO)
        }
        return digest
    }
}

extension [UInt8] {
    /// In hexadecimal, as `sha256sum` prints it.
    package var hexadecimal: String {
        map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
    }
}

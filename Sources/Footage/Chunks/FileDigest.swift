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
        return try sha256(ofDescriptor: file, path, progress: progress)
    }

    /// Reads an open file from its beginning; `path` is what messages call it.
    package static func sha256(
        ofDescriptor file: Int32,
        _ path: String,
        progress: (Int) throws -> Void = { _ in }
    ) throws -> [UInt8] {
        let context = try DigestContext()
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)
        defer { block.deallocate() }
        var offset: off_t = 0
        while true {
            let count = pread(file, block.baseAddress, block.count, offset)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError("read", path) }
            if count == 0 { break }
            context.add(UnsafeRawBufferPointer(rebasing: block[..<count]))
            offset += off_t(count)
            try progress(count)
        }
        return context.finish()
    }

    /// Of bytes in memory.
    package static func sha256(of bytes: [UInt8]) throws -> [UInt8] {
        let context = try DigestContext()
        context.add(bytes)
        return context.finish()
    }
}

/// A SHA-256 that is being computed.
final class DigestContext {
    private let context: OpaquePointer

    init() throws(FileError) {
        guard let context = EVP_MD_CTX_new() else { throw FileError("compute", "a digest", code: ENOMEM) }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw FileError("compute", "a digest", code: ENOTSUP)
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }

    func add(_ bytes: UnsafeRawBufferPointer) { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }

    /// Called once.
    func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        // It fails for want of a context alone.
        EVP_DigestFinal_ex(context, &digest, nil)
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

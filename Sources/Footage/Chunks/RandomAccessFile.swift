// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import ISOBaseMedia

/// A file that is read, and mended, wherever it is wanted; links are not followed.
package final class RandomAccessFile: Sendable {
    package let path: String
    private let file: Int32

    package init(_ path: String, writable: Bool = false) throws(FileError) {
        self.path = path
        // Without O_NONBLOCK a FIFO would be waited for.
        file = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { throw FileError("open", path) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(file)
            throw FileError("open", path, code: EINVAL, words: "it is no file")
        }
    }

    /// Takes over a descriptor; `path` is what messages call it.
    ///
    /// - Throws: ``FileError`` if it is no file: then it is closed.
    package init(adopting descriptor: Int32, path: String) throws(FileError) {
        (self.path, file) = (path, descriptor)
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(file)
            throw FileError("open", path, code: EINVAL, words: "it is no file")
        }
    }

    /// SHA-256 of all that is in it; `progress` is told each block's size, and may throw to give up.
    package func sha256(progress: (Int) throws -> Void = { _ in }) throws -> [UInt8] {
        try FileDigest.sha256(ofDescriptor: file, path, progress: progress)
    }

    /// The open file, for whoever reads from a descriptor's path (`/proc/self/fd/N`) as long as this is kept.
    package var descriptor: Int32 { file }

    /// Makes a file, which must not be there.
    init(creating path: String) throws(FileError) {
        self.path = path
        file = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o640)
        guard file >= 0 else { throw FileError("create", path) }
    }

    deinit { close(file) }

    private func status() throws(FileError) -> stat {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw FileError("look at", path) }
        return status
    }

    package func byteCount() throws(FileError) -> UInt64 { UInt64(try status().st_size) }

    /// What the file takes on the disk, in bytes.
    package var allocated: Int64 {
        get throws(FileError) { Int64(try status().st_blocks) * 512 }
    }

    package func read(_ range: Range<UInt64>) throws(FileError) -> [UInt8] {
        let end = min(range.upperBound, try byteCount())
        guard range.lowerBound < end else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(end - range.lowerBound))
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(file, $0.baseAddress?.advanced(by: done), $0.count - done, off_t(range.lowerBound) + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError("read", path) }
            if count == 0 { break }
            done += count
        }
        return done == bytes.count ? bytes : Array(bytes[..<done])
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(file, $0.baseAddress?.advanced(by: done), $0.count - done, off_t(offset) + off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileError("write", path, code: count < 0 ? errno : ENOSPC) }
            done += count
        }
    }

    /// Writes what is there again, so that the next sync is about it.
    func rewrite(_ range: Range<UInt64>) throws(FileError) { try write(try read(range), at: range.lowerBound) }

    func truncate(to length: UInt64) throws(FileError) {
        guard ftruncate(file, off_t(length)) == 0 else { throw FileError("cut back", path) }
    }

    func sync() throws(FileError) {
        guard fsync(file) == 0 else { throw FileError("sync", path) }
    }
}

extension RandomAccessFile: ByteSource {}

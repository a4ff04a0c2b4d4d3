// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// A file that is made under one name and gets its own when it is whole and durable.
final class NewFile {
    private let path: String
    private let file: Int32

    /// - Throws: ``FileError`` if there is a file of that name.
    init(_ path: String) throws(FileError) {
        self.path = path
        file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o640)
        guard file >= 0 else { throw FileError("create", path) }
    }

    deinit { close(file) }

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

    /// Durable first, then its name, then the name durable; never over another file.
    func finish(as name: String) throws(FileError) {
        guard fsync(file) == 0 else { throw FileError("sync", path) }
        let isRenamed = renameat2(AT_FDCWD, path, AT_FDCWD, name, MARTLET_RENAME_NOREPLACE) == 0
        // Some file systems know no such flag: a second name is refused as well if it is taken.
        guard isRenamed || (errno == EINVAL && link(path, name) == 0 && unlink(path) == 0) else {
            throw FileError("rename \(path) to", name)
        }
        try Folder.sync(Folder.parent(of: name))
    }
}

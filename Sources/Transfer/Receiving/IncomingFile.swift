// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import Glibc

/// An open folder below the one that files come in: whatever becomes of its name, it is the same folder.
///
/// Whoever uploads may rename folders and put links in their place at any moment; so nothing is done by a whole path.
final class IncomingFolder {
    let descriptor: Int32
    /// Relative to where files come in; empty for that itself.
    let path: String

    /// - Throws: ``FileError``, also if it is a link.
    init(root: String) throws(FileError) {
        descriptor = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        path = ""
        guard descriptor >= 0 else { throw FileError("open the folder", root) }
    }

    init(_ name: String, in parent: IncomingFolder) throws(FileError) {
        path = parent.child(name)
        descriptor = openat(parent.descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw FileError("open the folder", path) }
    }

    deinit { close(descriptor) }

    func child(_ name: String) -> String { path.isEmpty ? name : "\(path)/\(name)" }

    /// Opens a file; `nil` if there is none.
    func file(_ name: String) throws(FileError) -> RandomAccessFile? {
        let file = openat(descriptor, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw FileError("open", child(name))
        }
        return try RandomAccessFile(adopting: file, path: child(name))
    }

    /// What a name leads to now; `nil` if there is nothing.
    func look(_ name: String) -> FileState? {
        var status = stat()
        return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? FileState(status) : nil
    }

    /// Removes a file, if it is still the one that was looked at.
    func remove(_ name: String, _ state: FileState? = nil) throws(FileError) {
        if let state, look(name) != state { return }
        guard unlinkat(descriptor, name, 0) == 0 || errno == ENOENT else { throw FileError("remove", child(name)) }
    }
}

extension IncomingFolder {
    /// What lies in a folder, read one by one, however much it is.
    final class Names {
        private let stream: OpaquePointer

        init(_ folder: IncomingFolder) throws(FileError) {
            let copy = fcntl(folder.descriptor, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0, let stream = fdopendir(copy) else { throw FileError("read the folder", folder.path) }
            // The copy has its place from the folder, which may have been read before.
            rewinddir(stream)
            self.stream = stream
        }

        deinit { closedir(stream) }

        /// The bytes of the next name; `nil` behind the last.
        func next() -> [UInt8]? {
            guard let entry = readdir(stream) else { return nil }
            return withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
        }
    }
}

/// Which file it is, and whether it has changed.
struct FileState: Equatable {
    enum Kind { case file, folder, other }

    let kind: Kind
    let device: UInt
    let inode: UInt
    let bytes: Int64
    /// When its content or anything about it changed last; no program can set that back.
    let changed: UTCTime
    /// When it says that it was written, which whoever brought it may have set.
    let written: UTCTime
    let owner: UInt32

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .folder
        default: kind = .other
        }
        (device, inode, bytes) = (UInt(status.st_dev), UInt(status.st_ino), Int64(status.st_size))
        func time(_ value: timespec) -> UTCTime {
            UTCTime(
                nanoseconds: Int64(value.tv_sec).multipliedReportingOverflow(by: 1_000_000_000).partialValue
                    &+ Int64(value.tv_nsec)
            )
        }
        (changed, written) = (time(status.st_ctim), time(status.st_mtim))
        owner = status.st_uid
    }

    /// The owner's name, if the machine has one for it.
    var ownerName: String? { getpwuid(owner).map { String(cString: $0.pointee.pw_name) } }
}

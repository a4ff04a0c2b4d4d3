// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Folders and what lies in them; no link is ever followed.
enum Folder {
    enum Kind {
        case file, folder, other
    }

    struct Entry {
        let name: String
        let kind: Kind
        /// Size in bytes.
        let bytes: Int64
        /// What it takes on the disk, in bytes.
        let allocated: Int64
        /// Names that the file has; two while a rename by a second name is not done.
        let links: UInt
    }

    /// What lies in a folder, by name; `nil` if there is no such folder.
    static func entries(of path: String) throws(FileError) -> [Entry]? {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw FileError("open the folder", path)
        }
        guard let stream = fdopendir(descriptor) else {
            close(descriptor)
            throw FileError("read the folder", path)
        }
        defer { closedir(stream) }
        var entries: [Entry] = []
        errno = 0
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != "..", let found = look(at: name, in: descriptor) { entries.append(found) }
            errno = 0
        }
        guard errno == 0 else { throw FileError("read the folder", path) }
        return entries.sorted { $0.name < $1.name }
    }

    /// `nil` if it has gone meanwhile.
    private static func look(at name: String, in folder: Int32) -> Entry? {
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            default: .other
            }
        return Entry(
            name: name,
            kind: kind,
            bytes: Int64(status.st_size),
            allocated: Int64(status.st_blocks) * 512,
            links: UInt(status.st_nlink)
        )
    }

    /// What a folder and all below it take on the disk, in bytes, on the same file system.
    static func allocatedBelow(_ path: String) throws(FileError) -> Int64 {
        var total = FileSystem.allocated(path)
        for entry in try entries(of: path) ?? [] {
            let child = "\(path)/\(entry.name)"
            total += entry.kind == .folder ? try allocatedBelow(child) : entry.allocated
        }
        return total
    }

    /// Makes a folder and those above it; each new one is durable in the one above before the next.
    ///
    /// Returns whether it was made.
    @discardableResult
    static func make(_ path: String) throws(FileError) -> Bool {
        if mkdir(path, 0o750) == 0 {
            try sync(parent(of: path))
            return true
        }
        switch errno {
        case EEXIST:
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw FileError("make the directory", path, code: ENOTDIR)
            }
            return false
        case ENOENT where parent(of: path) != path:
            try make(parent(of: path))
            return try make(path)
        default:
            throw FileError("make the directory", path)
        }
    }

    /// - Throws: ``FileError`` if what is there is a link: behind it no quota counts, and nothing is deleted.
    static func refuseLink(_ path: String) throws(FileError) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return }
        throw FileError("record into", path, code: ELOOP, words: "it is a link, and links are not followed")
    }

    /// What root makes in somebody else's directory is theirs: a service must be able to write it.
    static func giveToOwner(of directory: String) throws(FileError) {
        var status = stat()
        guard geteuid() == 0, stat(directory, &status) == 0, status.st_uid != 0 else { return }
        let own = ChunkIndex.files(of: "martlet.sqlite") + [DirectoryLock.name, StoreIdentity.name]
        for name in own {
            let path = "\(directory)/\(name)"
            guard lchown(path, status.st_uid, status.st_gid) == 0 || errno == ENOENT else {
                throw FileError("give to its directory's owner", path)
            }
        }
    }

    static func parent(of path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
        let joined = parts.joined(separator: "/")
        return path.hasPrefix("/") ? "/\(joined)" : (joined.isEmpty ? "." : joined)
    }

    /// Gives a file another name in the same folder, durably, and never over another file.
    ///
    /// - Throws: ``FileError`` with `EEXIST` if the name is taken.
    static func rename(_ from: String, to name: String) throws(FileError) {
        if renameat2(AT_FDCWD, from, AT_FDCWD, name, MARTLET_RENAME_NOREPLACE) != 0 {
            // Some network and user-space file systems know no such flag: a second name is refused as well if it is taken.
            guard errno == EINVAL, link(from, name) == 0 else { throw FileError("rename \(from) to", name) }
            guard unlink(from) == 0 else { throw FileError("remove the old name", from) }
        }
        try sync(parent(of: name))
    }

    /// Makes the names in a folder durable.
    static func sync(_ path: String) throws(FileError) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw FileError("open the folder", path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw FileError("sync the folder", path) }
    }
}

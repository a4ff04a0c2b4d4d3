// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// What the system says of the file system that a directory lies on.
enum FileSystem {
    /// What may still be written, and what there is in all, in bytes.
    static func space(of path: String) throws(FileError) -> (free: Int64, size: Int64) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw FileError("ask for the free space of", path) }
        let block = Int64(clamping: status.f_frsize)
        return (Int64(clamping: status.f_bavail) &* block, Int64(clamping: status.f_blocks) &* block)
    }

    /// What stays free if nobody says otherwise: the larger of 1 GB and 5 %, and at most a tenth of a small disk.
    static func defaultMinFree(size: Int64) -> Int64 { min(max(1_000_000_000, size / 20), size / 10) }

    /// The device that a path lies on.
    static func device(of path: String) throws(FileError) -> UInt {
        var status = stat()
        guard stat(path, &status) == 0 else { throw FileError("look at", path) }
        return UInt(status.st_dev)
    }

    /// Keeps room for a file to grow to a size, where the file system can.
    ///
    /// Without that, or without the room, the file grows as any other.
    static func reserve(_ size: Int64, for path: String) {
        let file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return }
        _ = fallocate(file, MARTLET_FALLOC_KEEP_SIZE, 0, off_t(size))
        close(file)
    }

    static func isThere(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// What a file takes on the disk, in bytes; 0 if it is not there.
    static func allocated(_ path: String) -> Int64 {
        var status = stat()
        return lstat(path, &status) == 0 ? Int64(status.st_blocks) * 512 : 0
    }
}

/// Whether a directory's disk is there, where it should be a removable or a separate one.
///
/// An empty mount point looks like any folder: recording into it would fill the card beneath.
enum MountPoint {
    /// Where desktop systems and people mount removable disks.
    private static let removable = ["/media/", "/run/media/", "/mnt/"]

    /// The mount point that should be there for `directory` and is not; `nil` if all is well.
    static func missing(for directory: String) -> String? {
        let path = resolved(directory)
        for point in fstabPoints() where point != "/" && isBelow(path, point) {
            if !isMounted(point) { return point }
        }
        for prefix in removable where path.hasPrefix(prefix) {
            // Something between the prefix and the directory must be a mount point.
            var candidate = path
            while candidate.utf8.count > prefix.utf8.count {
                if isMounted(candidate) { return nil }
                candidate = String(candidate[..<(candidate.lastIndex(of: "/") ?? candidate.startIndex)])
            }
            let point = String(prefix.dropLast())
            return isMounted(point) ? nil : path
        }
        return nil
    }

    /// The device on which the mount point lies that leads to a directory; `nil` on the root file system.
    static func deviceBeneath(_ directory: String) throws(FileError) -> UInt? {
        var path = resolved(directory)
        let own = try FileSystem.device(of: path)
        while path != "/" {
            path = Folder.parent(of: path)
            let device = try FileSystem.device(of: path)
            if device != own { return device }
        }
        return nil
    }

    private static func isBelow(_ path: String, _ point: String) -> Bool {
        path == point || path.hasPrefix(point.hasSuffix("/") ? point : point + "/")
    }

    /// A mount point lies on another device than the folder above it.
    private static func isMounted(_ path: String) -> Bool {
        var own = stat()
        var above = stat()
        guard stat(path, &own) == 0, stat(path + "/..", &above) == 0 else { return false }
        return own.st_dev != above.st_dev || own.st_ino == above.st_ino
    }

    /// The path without links, as far as it exists.
    private static func resolved(_ path: String) -> String {
        var rest: [Substring] = []
        var head = path
        while true {
            if let pointer = realpath(head, nil) {
                defer { free(pointer) }
                let found = String(cString: pointer)
                return rest.reduce(found == "/" ? "" : found) { "\($0)/\($1)" }
            }
            guard let slash = head.lastIndex(of: "/"), slash != head.startIndex else { return path }
            rest.insert(head[head.index(after: slash)...], at: 0)
            head = String(head[..<slash])
        }
    }

    private static func fstabPoints() -> [String] {
        guard let table = setmntent("/etc/fstab", "r") else { return [] }
        defer { endmntent(table) }
        var points: [String] = []
        while let entry = getmntent(table) {
            if let name = entry.pointee.mnt_dir { points.append(String(cString: name)) }
        }
        return points.filter { $0.hasPrefix("/") }
    }
}

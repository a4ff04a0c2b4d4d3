// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A directory of chunks and its index: what a camera keeps on its card, and a store of all its cameras.
package final class ChunkStore: Sendable {
    package let directory: String
    package let index: ChunkIndex
    private let lock: DirectoryLock

    /// The index's file in a directory of chunks.
    package static func indexPath(in directory: String) -> String { "\(directory)/martlet.sqlite" }

    /// Opens a store, and makes its directory if it is not there.
    package init(directory: String) throws {
        self.directory = directory
        try Self.makeDirectory(directory)
        lock = try DirectoryLock(directory)
        index = try ChunkIndex(path: Self.indexPath(in: directory))
    }

    /// Creates the file for a chunk, and the folder for its day.
    package func create(_ name: ChunkName) throws(FileError) -> ChunkFile {
        try Self.makeDirectory("\(directory)/\(name.folder)")
        return try ChunkFile(name, in: directory)
    }

    /// Makes a directory and those above it; each new one is durable in the one above before the next.
    private static func makeDirectory(_ path: String) throws(FileError) {
        if mkdir(path, 0o750) == 0 {
            try syncFolder(parent(of: path))
            return
        }
        switch errno {
        case EEXIST:
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw FileError("make the directory", path, code: ENOTDIR)
            }
        case ENOENT where parent(of: path) != path:
            try makeDirectory(parent(of: path))
            try makeDirectory(path)
        default:
            throw FileError("make the directory", path)
        }
    }

    private static func parent(of path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true).dropLast()
        let joined = parts.joined(separator: "/")
        return path.hasPrefix("/") ? "/\(joined)" : (joined.isEmpty ? "." : joined)
    }

    private static func syncFolder(_ path: String) throws(FileError) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw FileError("open the folder", path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw FileError("sync the folder", path) }
    }
}

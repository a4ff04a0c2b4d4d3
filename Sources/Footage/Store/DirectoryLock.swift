// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Another process has a store's directory.
package struct DirectoryInUse: Error, Equatable, CustomStringConvertible {
    package let directory: String
    /// The owner, as it wrote it into the lock; `nil` if it did not.
    package let process: Int32?
    /// Where the owner can be asked, if it listens.
    package let socket: String?

    package var description: String {
        let owner = process.map { "process \($0)" } ?? "another process"
        return "\(directory) belongs to \(owner): stop that first, or give this one a directory of its own"
    }
}

/// One process at a time in a store's directory: a lock on its `.lock`, which the system lifts when the process ends,
/// however it ends.
///
/// The file holds the owner's process number, for whoever is refused, and the path of the socket where it can be asked.
final class DirectoryLock: Sendable {
    static let name = ".lock"
    private let file: Int32
    private let path: String

    /// - Throws: ``DirectoryInUse`` if another process has the directory; ``FileError`` if the lock cannot be made.
    init(_ directory: String) throws {
        path = "\(directory)/\(Self.name)"
        file = open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard file >= 0 else { throw FileError("create", path) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            defer { close(file) }
            guard code == EWOULDBLOCK else { throw FileError("lock", path, code: code) }
            throw Self.owner(file, of: directory)
        }
        do throws(FileError) { try write("\(getpid())\n") } catch {
            close(file)
            throw error
        }
    }

    /// Says where the owner can be asked.
    func announce(socket: String) throws(FileError) { try write("\(getpid())\n\(socket)\n") }

    private func write(_ text: String) throws(FileError) {
        guard ftruncate(file, 0) == 0, pwrite(file, text, text.utf8.count, 0) == text.utf8.count else {
            throw FileError("write", path)
        }
    }

    deinit { close(file) }

    /// Another may have the directory from now on.
    func release() { flock(file, LOCK_UN) }

    /// Whether the directory is still the one that was locked: not another one in its place, not a mount point whose disk
    /// has gone.
    var isInPlace: Bool {
        var own = stat()
        var there = stat()
        guard fstat(file, &own) == 0, stat(path, &there) == 0 else { return false }
        return own.st_dev == there.st_dev && own.st_ino == there.st_ino
    }

    private static func owner(_ file: Int32, of directory: String) -> DirectoryInUse {
        var bytes = [UInt8](repeating: 0, count: 4200)
        let count = max(0, pread(file, &bytes, bytes.count, 0))
        let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
        return DirectoryInUse(
            directory: directory,
            process: lines.first.flatMap { Int32($0) },
            socket: lines.count > 1 ? lines[1] : nil
        )
    }
}

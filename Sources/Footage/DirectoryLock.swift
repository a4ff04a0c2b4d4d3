// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// One process at a time in a store's directory: a lock on its `.lock`, which the system lifts when the process ends.
final class DirectoryLock: Sendable {
    private let file: Int32

    /// - Throws: ``FileError`` if another process has the directory.
    init(_ directory: String) throws(FileError) {
        let path = "\(directory)/.lock"
        file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o640)
        guard file >= 0 else { throw FileError("create", path) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let isTaken = errno == EWOULDBLOCK
            let error = FileError(
                isTaken ? "record into \(directory), where another process does; it holds" : "lock",
                path
            )
            close(file)
            throw error
        }
    }

    deinit { close(file) }
}

// SPDX-License-Identifier: Apache-2.0
internal import Glibc

extension ChunkStore {
    /// Where a store lies: which one, and on what its disk is mounted.
    package struct Place: Sendable {
        let identity: String
        /// The device on which the disk's mount point lies; `nil` if the store lies on the root file system.
        let deviceBeneath: UInt?

        /// - Throws: ``FileError`` if the disk has gone, so that only the folder is left over which it was mounted.
        func mustNotBeBeneath(_ directory: String) throws(FileError) {
            guard try StoreIdentity.read(in: directory) == nil else { return }
            var path = directory
            while !FileSystem.isThere(path) { path = Folder.parent(of: path) }
            guard let deviceBeneath, try FileSystem.device(of: path) == deviceBeneath else { return }
            throw FileError(
                "record into",
                directory,
                code: ENODEV,
                words: "the disk that store \(identity) is on is not there"
            )
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// The index and the directory are not each other's.
package struct StoreMismatch: Error, Equatable, CustomStringConvertible {
    package let directory: String
    package let index: String
    package let found: String

    package var description: String {
        "\(directory) is store \(found), but \(directory)/martlet.sqlite is the index of store \(index): "
            + "move martlet.sqlite away, and it is made anew from the chunks; or give the disk its own index back"
    }
}

/// Opens a store's index, whatever state a crash or a person left it in.
enum IndexFile {
    /// Blocks the caller's own executor.
    static func open(
        in directory: String,
        journal: Journal,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> (index: ChunkIndex, identity: String, isUnclean: Bool) {
        let path = ChunkStore.indexPath(in: directory)
        var index: ChunkIndex
        do {
            index = try ChunkIndex(path: path)
            // Only after a crash: it takes a while.
            if try await !index.wasStoppedCleanly(), let damage = try await index.damage() {
                throw ChunkIndex.Failure(description: damage, isDamage: true)
            }
        } catch let failure as ChunkIndex.Failure where failure.isDamage {
            try setAside(in: directory, failure, journal: journal)
            index = try ChunkIndex(path: path)
        }
        let present = try StoreIdentity.read(in: directory)
        let indexed = try await index.storeID()
        if let present, let indexed, present != indexed {
            throw StoreMismatch(directory: directory, index: indexed, found: present)
        }
        let wasClean = try await index.wasStoppedCleanly()
        let isUnclean = indexed != nil && !wasClean
        let identity = present ?? indexed ?? makeIdentity()
        if present == nil { try StoreIdentity.write(identity, in: directory) }
        try await index.begin(store: identity)
        return (index, identity, isUnclean)
    }

    /// Moves a broken index away, so that the next opening makes a new one.
    static func setAside(in directory: String, _ failure: ChunkIndex.Failure, journal: Journal) throws(FileError) {
        let path = ChunkStore.indexPath(in: directory)
        let aside = "\(path).damaged-\(UTCTime.now.fileName)"
        // The log belongs to it; the shared memory is made anew.
        for (from, to) in zip(ChunkIndex.files(of: path), ChunkIndex.files(of: aside)) {
            guard rename(from, to) == 0 || errno == ENOENT else { throw FileError("move aside", from) }
        }
        journal.error("the index is damaged (\(failure)): it is now \(aside), and is made anew from the chunks")
    }
}

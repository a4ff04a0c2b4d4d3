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
    struct Opened {
        let index: ChunkIndex
        let identity: String
        /// The last process that had it ended without a word.
        let isUnclean: Bool
        /// What no chunk says, from an index that is made anew.
        let salvage: Salvage
    }

    /// What only an index knows, as far as a broken one can still be read.
    struct Salvage: Sendable {
        var protected: [String] = []
        var gaps: [Gap] = []
    }

    /// Why the present index is not used.
    enum Replacement {
        /// A person wants it made anew.
        case asked
        case damaged(ChunkIndex.Failure)
    }

    /// Opens the index, or a new one in place of one that is broken or that is to be replaced; the old one is kept beside it.
    ///
    /// Blocks the caller's own executor.
    static func open(
        in directory: String,
        replacing replacement: Replacement? = nil,
        journal: Journal,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> Opened {
        let path = ChunkStore.indexPath(in: directory)
        var salvage = Salvage()
        var isReplaced = false
        var index: ChunkIndex
        do {
            switch replacement {
            case .asked where FileSystem.isThere(path):
                salvage = await whatIsKnown(path, journal)
                journal.notice("the old index is now \(try moveAside(path, as: "old"))")
            case .damaged(let failure): throw failure
            case .asked, nil: break
            }
            index = try ChunkIndex(path: path)
            // Only after a crash: it takes a while.
            if try await !index.wasStoppedCleanly(), let damage = try await index.damage() {
                throw ChunkIndex.Failure(description: damage, isDamage: true)
            }
        } catch let failure as ChunkIndex.Failure where failure.isDamage {
            isReplaced = true
            salvage = await whatIsKnown(path, journal)
            let aside = try moveAside(path, as: "damaged")
            journal.error("the index is damaged (\(failure)): it is now \(aside), and is made anew from the chunks")
            index = try ChunkIndex(path: path)
        }
        let present = try StoreIdentity.read(in: directory)
        let indexed = try await index.storeID()
        if let present, let indexed, present != indexed {
            throw StoreMismatch(directory: directory, index: indexed, found: present)
        }
        let wasClean = try await index.wasStoppedCleanly()
        let identity = present ?? indexed ?? makeIdentity()
        if present == nil { try StoreIdentity.write(identity, in: directory) }
        try await index.begin(store: identity)
        return Opened(
            index: index,
            identity: identity,
            isUnclean: isReplaced || (indexed != nil && !wasClean),
            salvage: salvage
        )
    }

    private static func whatIsKnown(
        _ path: String,
        _ journal: Journal,
        isolation: isolated (any Actor)? = #isolation
    ) async -> Salvage {
        var salvage = Salvage()
        do {
            let index = try ChunkIndex(path: path, readOnly: true)
            salvage.protected = try await index.protectedPaths()
            salvage.gaps = try await index.gaps()
        } catch {
            journal.warning(
                "which chunks were protected, and why some are missing, is not all known any more: \(error)"
            )
        }
        return salvage
    }

    /// Moves a store's index aside, so that the next opening makes it anew from the chunks; returns its new path.
    ///
    /// Under the directory's lock.
    static func moveAside(_ path: String, as what: String) throws(FileError) -> String {
        let aside = "\(path).\(what)-\(UTCTime.now.fileName)"
        // The log belongs to it.
        for (from, to) in zip(ChunkIndex.files(of: path), ChunkIndex.files(of: aside)) {
            guard rename(from, to) == 0 || errno == ENOENT else { throw FileError("move aside", from) }
        }
        return aside
    }
}

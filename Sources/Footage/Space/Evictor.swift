// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Deletes chunks, oldest first, when room is needed, on a thread of its own.
///
/// Deleting = mark the row → unlink → sync the folder → drop the row: a crash between any two of these is finished by the
/// next start.
actor Evictor {
    private let executor = QueueExecutor(label: "evictor")
    private let directory: String
    private let index: ChunkIndex
    private let space: Space
    private let clock: WallClock
    private let journal: Journal
    /// Said once until there is room again.
    private var hasComplained = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(directory: String, index: ChunkIndex, space: Space, clock: WallClock, journal: Journal) {
        (self.directory, self.index, self.space) = (directory, index, space)
        (self.clock, self.journal) = (clock, journal)
    }

    /// Deletes until nothing has to go, or nothing more may.
    func makeRoom() async {
        do {
            var exhausted: Set<String> = []
            while let demand = try space.demand(exhausted: exhausted) {
                let camera: String? = if case .oldestOf(let name) = demand { name } else { nil }
                if let chunk = try await index.oldest(of: camera) {
                    try await remove(chunk, reason: .quota)
                    continue
                }
                complain(camera)
                space.setExhausted(camera)
                // Another camera's limit is another matter.
                guard let camera else { break }
                exhausted.insert(camera)
            }
            if exhausted.isEmpty { hasComplained = false }
            try await removeAged()
        } catch {
            journal.error("old chunks cannot be deleted: \(error)")
        }
    }

    private func complain(_ camera: String?) {
        if !hasComplained { journal.warning("there is no chunk left that may be deleted", camera: camera) }
        hasComplained = true
    }

    /// Age is a matter of the clock: while that is not synchronised nothing is too old.
    private func removeAged() async throws {
        guard let maxAge = space.books.limits.maxAge else { return }
        let now = clock.read()
        guard now.isSynchronised else { return }
        for camera in try await index.cameras() {
            while let chunk = try await index.oldest(of: camera, endedBefore: now.utc - maxAge) {
                try await remove(chunk, reason: .quota)
            }
        }
    }

    /// Deletes one chunk.
    func remove(_ chunk: Chunk, reason: Gap.Reason) async throws {
        // Protected by a person just now, or gone by another's hand: then it is not deleted.
        guard try await index.beginDeleting(chunk.id, evenProtected: reason == .removed) else { return }
        let path = "\(directory)/\(chunk.path)"
        let rest = try shorten(path, chunk)
        guard unlink(path) == 0 || errno == ENOENT else { throw FileError("delete", path) }
        let folder = Folder.parent(of: path)
        // A day's folder goes with its last chunk.
        if rmdir(folder) == 0 {
            space.update { $0.overhead -= 4096 }
            try Folder.sync(Folder.parent(of: folder))
        } else {
            try Folder.sync(folder)
        }
        try await index.drop(chunk, reason: reason)
        space.update { $0.release(rest, of: chunk.camera) }
        journal.info("chunk \(chunk.path) is deleted: \(reason.rawValue)", camera: chunk.camera)
    }

    /// A large file goes in steps, so that no file system is busy with it for long; returns what is left to be released.
    private func shorten(_ path: String, _ chunk: Chunk) throws(FileError) -> Int64 {
        var left = chunk.allocated
        var size = chunk.bytes
        while size > Self.step, left > Self.step {
            size -= Self.step
            guard truncate(path, off_t(size)) == 0 else {
                if errno == ENOENT { break }
                throw FileError("shorten", path)
            }
            left -= Self.step
            space.update { $0.shrink(by: Self.step, of: chunk.camera) }
        }
        return left
    }

    private static let step: Int64 = 64 << 20
}

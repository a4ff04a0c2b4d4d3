// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import SQLite

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
    private let isInPlace: @Sendable () -> Bool
    /// Said once until there is room again.
    private var hasComplained = false
    /// Why deleting failed last, and when.
    private var failed: (text: String, at: ContinuousClock.Instant)?
    /// Chunks whose files are going: their room is given back once.
    private var deleting: Set<Int64> = []
    /// Of these it has been said that they do not go.
    private var undeletable: Set<Int64> = []
    /// Cameras of which it has been said that what no store has is about to go.
    private var short: Set<String> = []

    private static let pause = Duration.milliseconds(500)

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// `isInPlace` says whether the directory is still the one that was opened.
    init(
        directory: String,
        index: ChunkIndex,
        space: Space,
        clock: WallClock,
        journal: Journal,
        isInPlace: @escaping @Sendable () -> Bool
    ) {
        (self.directory, self.index, self.space) = (directory, index, space)
        (self.clock, self.journal, self.isInPlace) = (clock, journal, isInPlace)
    }

    /// Deletes until nothing has to go, or nothing more may.
    func makeRoom() async {
        // Whatever failed just now fails again: writers ask many times a second.
        if let failed, failed.at.duration(to: .now) < Self.pause { return }
        do {
            try await finishDeleting()
            var exhausted: Set<String> = []
            while let demand = try space.demand(exhausted: exhausted) {
                let camera: String? = if case .oldestOf(let name) = demand { name } else { nil }
                if let chunk = try await index.oldest(of: camera) {
                    _ = try await remove(chunk, reason: .quota)
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
            try await warn()
            failed = nil
        } catch {
            if failed?.text != "\(error)" { journal.error("old chunks cannot be deleted: \(error)") }
            failed = ("\(error)", .now)
        }
    }

    /// Deletions that failed half-way are tried again.
    private func finishDeleting() async throws {
        for chunk in try await index.unfinished() where chunk.state == .deleting && !deleting.contains(chunk.id) {
            do { _ = try await remove(chunk, reason: .quota) } catch {
                // One that cannot be deleted keeps no other.
                if undeletable.insert(chunk.id).inserted { journal.error("\(error)", camera: chunk.camera) }
            }
        }
    }

    /// What no store has yet is the last to go; when little else is left that is said, and when it goes as well.
    private func warn() async throws {
        for camera in try await index.cameras() {
            guard let acknowledgement = try await index.acknowledgement(of: camera) else { continue }
            if try space.isShort(acknowledgement) {
                guard short.insert(camera).inserted else { continue }
                let megabytes = acknowledgement.unacknowledged / 1_000_000
                let text =
                    "footage that no store has yet (\(megabytes) MB) takes nine tenths of the room: the oldest is deleted next"
                journal.warning(text, camera: camera)
            } else {
                short.remove(camera)
            }
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
                // One that has gone meanwhile is not found again.
                guard try await remove(chunk, reason: .quota) else { break }
            }
        }
    }

    /// Deletes one chunk; `false` if it was not to be deleted after all.
    ///
    /// - Throws: why it could not be; it is tried again.
    func remove(_ chunk: Chunk, reason: Gap.Reason) async throws -> Bool {
        guard isInPlace() else {
            throw FileError("delete from", directory, code: ENODEV, words: "another disk, or none, is in its place")
        }
        guard deleting.insert(chunk.id).inserted else { return false }
        defer { deleting.remove(chunk.id) }
        do throws(ChunkIndex.Failure) {
            // Protected by a person just now, or gone by another's hand.
            guard try await index.beginDeleting(chunk.id, evenProtected: reason == .removed) else { return false }
        } catch {
            // A disk that is full to the last byte has no room for the mark. A crash now would take the chunk for lost.
            guard error.isDiskFull, reason == .quota else { throw error }
        }
        let path = "\(directory)/\(chunk.path)"
        let rest = try shorten(path, chunk)
        guard unlink(path) == 0 || errno == ENOENT else { throw FileError("delete", path) }
        let folder = Folder.parent(of: path)
        // A day's folder goes with its last chunk.
        if rmdir(folder) == 0 {
            space.update { $0.overhead -= 4096 }
            try Folder.sync(Folder.parent(of: folder))
        } else if FileSystem.isThere(folder) {
            try Folder.sync(folder)
        }
        try await index.drop(chunk, reason: reason)
        undeletable.remove(chunk.id)
        space.update { $0.release(rest, of: chunk.camera) }
        let isMissed = short.contains(chunk.camera) && !chunk.isAcknowledged
        let missed = isMissed ? "; no store has it" : ""
        journal.info("chunk \(chunk.path) is deleted: \(reason.rawValue)\(missed)", camera: chunk.camera)
        return true
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

// SPDX-License-Identifier: Apache-2.0
internal import SQLite

/// The directory that a process records into, whether its disk is there or not: opens the store, and opens it again when
/// the disk has been away.
package actor RecordingDirectory {
    private let executor = QueueExecutor(label: "recording-directory")
    private let clock: WallClock
    private let journal: Journal
    private var settings: ChunkStore.Settings
    private var present: ChunkStore?
    private var opening: Task<ChunkStore, any Error>?
    private var didOpen: (@Sendable (ChunkStore) async -> Void)?
    /// Where the store lay that this process had and lost.
    private var former: ChunkStore.Place?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init(_ settings: ChunkStore.Settings, clock: WallClock = .system, journal: Journal) {
        (self.settings, self.clock, self.journal) = (settings, clock, journal)
    }

    /// The store, opened if need be; all who ask at once get the same.
    ///
    /// - Throws: why it cannot be opened now; asking again is how one learns that the disk is back.
    package func store() async throws -> ChunkStore {
        if let present, present.check() { return present }
        if let opening { return try await opening.value }
        let lost = present
        if let lost, lost.openFiles > 0 {
            throw FileError("open again", settings.directory, code: 0, words: "chunks are still being closed there")
        }
        former = lost?.place ?? former
        // All of it in one task: whoever asks meanwhile waits for the same.
        let task = Task { [settings, clock, journal, former] in
            if let lost {
                await lost.close()
                journal.notice("\(settings.directory) is opened anew")
            }
            return try await ChunkStore.open(
                settings,
                clock: clock,
                journal: journal,
                interruption: former == nil ? .power : .disk,
                inPlaceOf: former
            )
        }
        (present, opening) = (nil, task)
        defer { opening = nil }
        let store = try await task.value
        present = store
        await didOpen?(store)
        return store
    }

    /// Has `body` called with each store that is opened, now and whenever the disk has been away.
    package func onOpen(_ body: @escaping @Sendable (ChunkStore) async -> Void) { didOpen = body }

    /// Other limits from now on.
    package func configure(_ settings: ChunkStore.Settings) throws(FileError) {
        self.settings = settings
        try present?.configure(settings)
    }

    /// Closes the store in good order.
    package func close() async {
        await present?.close()
        present = nil
    }

    /// What the file system of the open store has free, in bytes.
    ///
    /// Here, where it may take as long as a disk that hangs.
    package func freeSpace() throws(FileError) -> Int64? { try present?.freeSpace() }

    /// The store, if it is open.
    package var open: ChunkStore? { present }
}

// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

/// A directory of chunks and its index: what a camera keeps on its card, and a store of all its cameras.
///
/// One for each directory that a process records into, as long as the directory is there: `RecordingDirectory` opens it,
/// and opens another when the disk has been away.
package final class ChunkStore: Sendable {
    package struct Settings: Equatable, Sendable {
        package var directory: String
        package var maxSpace: Int64?
        /// `nil` for the larger of 1 GB and 5 %, at most a tenth of the disk.
        package var minFree: Int64?
        package var maxAge: Duration?
        package var cameraMaxSpace: [String: Int64]
        /// How long what was written may stay unsynced.
        package var syncInterval: Duration

        package init(
            directory: String,
            maxSpace: Int64? = nil,
            minFree: Int64? = nil,
            maxAge: Duration? = nil,
            cameraMaxSpace: [String: Int64] = [:],
            syncInterval: Duration = .seconds(1)
        ) {
            (self.directory, self.maxSpace, self.minFree) = (directory, maxSpace, minFree)
            (self.maxAge, self.cameraMaxSpace, self.syncInterval) = (maxAge, cameraMaxSpace, syncInterval)
        }
    }

    package let directory: String
    package let index: ChunkIndex
    /// The store's identity, in its directory, its index and every chunk.
    package let identity: String
    package let space: Space
    let clock: WallClock
    let journal: Journal
    private let syncInterval: Mutex<Duration>
    private let lock: DirectoryLock
    private let evictor: Evictor
    let pass: ChunkPass
    private let lastID: Atomic<Int64>
    /// Called when chunks have been finished.
    private let listeners = Mutex<[@Sendable () -> Void]>([])
    private let isLostFlag = Atomic<Bool>(false)
    private let background: Mutex<[Task<Void, Never>]> = Mutex([])
    private let shortages: AsyncStream<Void>.Continuation
    /// How many changes wait for the index, and why.
    private let waiting = Mutex<(count: Int, why: String)>((0, ""))

    /// Why the index takes nothing; `nil` while it does.
    ///
    /// What is recorded meanwhile waits for it.
    package var indexTrouble: String? {
        waiting.withLock { $0.count > 0 ? "the index cannot be written: \($0.why)" : nil }
    }

    /// The index's file in a directory of chunks.
    package static func indexPath(in directory: String) -> String { "\(directory)/martlet.sqlite" }

    /// Whether there is a directory that could be a store's.
    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Opens a store: makes its directory if it is not there, takes its lock, and brings files and index together.
    ///
    /// With `anew` the index is made from the chunks alone, and the old one is kept beside it. `interruption` is why
    /// recording had ended if the index was not closed in good order. `former` is where the store lay that this process
    /// has lost: a new one is never begun on the disk beneath. Blocks the caller's own executor here and there.
    ///
    /// - Throws: ``DirectoryInUse``, ``StoreMismatch``, ``ChunkIndex/Failure`` if the index is a newer version's, and
    ///   ``FileError`` if the disk does not do what it should.
    package static func open(
        _ settings: Settings,
        anew: Bool = false,
        clock: WallClock = .system,
        journal: Journal,
        interruption: Gap.Reason = .power,
        inPlaceOf former: Place? = nil,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> ChunkStore {
        let directory = settings.directory
        if let point = MountPoint.missing(for: directory) {
            throw FileError("record into", directory, code: ENODEV, words: "no disk is mounted at \(point)")
        }
        if let former { try former.mustNotBeBeneath(directory) }
        try Folder.make(directory)
        let lock = try DirectoryLock(directory)
        let (shortage, shortages) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let limits = try limits(settings)
        let makeSpace = { Space(directory: directory, quota: Quota(limits: limits)) { shortages.yield() } }
        var space = makeSpace()
        var opened = try await IndexFile.open(in: directory, replacing: anew ? .asked : nil, journal: journal)
        do { try await reconcile(opened, space, interruption, journal, in: directory) } catch let failure
            as ChunkIndex.Failure
            where failure.isDamage
        {
            // Of an index that was closed in good order nobody looks through all before it is used.
            opened = try await IndexFile.open(in: directory, replacing: .damaged(failure), journal: journal)
            space = makeSpace()
            try await reconcile(opened, space, interruption, journal, in: directory)
        }
        let (index, identity) = (opened.index, opened.identity)
        try Folder.giveToOwner(of: directory)
        let store = ChunkStore(
            settings: settings,
            lock: lock,
            index: index,
            identity: identity,
            deviceBeneath: try MountPoint.deviceBeneath(directory),
            space: space,
            shortages: shortages,
            lastID: try await index.lastID(),
            clock: clock,
            journal: journal
        )
        await index.reportSize { [space] bytes in space.update { $0.indexBytes = bytes } }
        store.begin(shortage)
        return store
    }

    /// Where it lay when it was opened.
    package let place: Place

    private static func reconcile(
        _ opened: IndexFile.Opened,
        _ space: Space,
        _ interruption: Gap.Reason,
        _ journal: Journal,
        in directory: String,
        isolation: isolated (any Actor)? = #isolation
    ) async throws {
        let (index, identity) = (opened.index, opened.identity)
        let reconciliation = Reconciliation(directory: directory, index: index, store: identity, journal: journal)
        try await reconciliation.run(into: space, interruption: opened.isUnclean ? interruption : nil)
        try await index.protect(paths: opened.salvage.protected)
        for gap in opened.salvage.gaps { try await index.add(gap) }
    }

    private init(
        settings: Settings,
        lock: DirectoryLock,
        index: ChunkIndex,
        identity: String,
        deviceBeneath: UInt?,
        space: Space,
        shortages: AsyncStream<Void>.Continuation,
        lastID: Int64,
        clock: WallClock,
        journal: Journal
    ) {
        (directory, self.lock) = (settings.directory, lock)
        syncInterval = Mutex(settings.syncInterval)
        place = Place(identity: identity, deviceBeneath: deviceBeneath)
        (self.index, self.identity, self.space, self.shortages) = (index, identity, space, shortages)
        (self.clock, self.journal) = (clock, journal)
        self.lastID = Atomic(lastID)
        evictor = Evictor(
            directory: settings.directory,
            index: index,
            space: space,
            clock: clock,
            journal: journal,
            isInPlace: { lock.isInPlace }
        )
        pass = ChunkPass(directory: settings.directory, index: index, journal: journal)
    }

    private static func limits(_ settings: Settings) throws(FileError) -> Quota.Limits {
        let size = try FileSystem.space(of: settings.directory).size
        return Quota.Limits(
            maxSpace: settings.maxSpace,
            minFree: settings.minFree ?? FileSystem.defaultMinFree(size: size),
            cameraMaxSpace: settings.cameraMaxSpace,
            maxAge: settings.maxAge
        )
    }

    /// Other limits from now on, and another sync interval for chunks to come; what is over the limits goes, gently.
    package func configure(_ settings: Settings) throws(FileError) {
        let limits = try Self.limits(settings)
        space.update { $0.limits = limits }
        syncInterval.withLock { $0 = settings.syncInterval }
        shortages.yield()
    }

    // MARK: Background work

    private func begin(_ shortage: AsyncStream<Void>) {
        let evicting = Task { [evictor, shortages] in
            // Files of others, ages and limits change without a word to us.
            let ticks = Task {
                while !Task.isCancelled {
                    shortages.yield()
                    do { try await Task.sleep(for: .seconds(30)) } catch { return }
                }
            }
            for await _ in shortage { await evictor.makeRoom() }
            ticks.cancel()
        }
        let passing = Task { [pass] in await pass.run() }
        background.withLock { $0 = [evicting, passing] }
    }

    /// Ends the background work; the index says that all was left in good order.
    ///
    /// Every chunk file has been closed before.
    package func close() async {
        shortages.finish()
        pass.stop()
        for task in background.withLock({ $0 }) { await task.value }
        if !isLost {
            do { try await index.end() } catch { journal.error("the index is not closed in good order: \(error)") }
        }
        lock.release()
    }

    /// Says in the directory where this process can be asked.
    package func announce(socket: String) throws(FileError) { try lock.announce(socket: socket) }

    /// What the file system has free, in bytes.
    func freeSpace() throws(FileError) -> Int64 { try FileSystem.space(of: directory).free }

    /// Chunk files that are being written or closed.
    package var openFiles: Int { space.books.openFiles }

    /// Whether another disk, or none, is in the directory's place.
    ///
    /// Nothing more is written then: every recording ends, and the directory is opened anew.
    package var isLost: Bool { isLostFlag.load(ordering: .relaxed) }

    /// Looks whether the directory is still the one that was opened.
    package func check() -> Bool {
        if !isLost, !lock.isInPlace { isLostFlag.store(true, ordering: .relaxed) }
        return !isLost
    }

    /// The index is broken: the store is opened anew, and the index made from the files.
    func lose() { isLostFlag.store(true, ordering: .relaxed) }

    // MARK: Chunks

    /// Creates the file for a chunk that begins now, and the folder for its day.
    ///
    /// Its number is the next. Its name is its time, or the next free millisecond: no two chunks get one name.
    package func create(
        _ camera: String,
        start: UTCTime,
        mediaTime: Int64,
        sequence: Int
    ) throws(FileError) -> (chunk: Chunk, file: ChunkFile) {
        guard check() else {
            throw FileError("record into", directory, code: ENODEV, words: "another disk, or none, is in its place")
        }
        let id = takeID()
        var name = ChunkName(camera: camera, start: start)
        var attempts = 0
        while true {
            try Folder.refuseLink("\(directory)/\(camera)")
            try Folder.refuseLink("\(directory)/\(name.folder)")
            if try Folder.make("\(directory)/\(name.folder)") { space.update { $0.overhead += 4096 } }
            do throws(FileError) {
                let file = try ChunkFile(
                    name,
                    in: directory,
                    id: id,
                    space: space,
                    syncInterval: syncInterval.withLock { $0 }
                )
                let chunk = Chunk(
                    id: id,
                    camera: camera,
                    run: 0,
                    sequence: sequence,
                    state: .open,
                    start: start,
                    mediaTime: mediaTime,
                    path: name.path
                )
                return (chunk, file)
            } catch {
                // A day's folder goes with its last chunk, which may be just now.
                if error.code == ENOENT, check(), attempts < 3 {
                    attempts += 1
                    continue
                }
                guard error.code == EEXIST else { throw error }
                name = ChunkName(camera: camera, start: name.start + .milliseconds(1))
            }
        }
    }

    /// The queue-bound work of chunks that came afterwards.
    func offQueue<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await pass.offQueue(work)
    }

    /// Puts a chunk that was created into the index.
    package func opened(_ chunk: Chunk) async { await persist("an open chunk") { try await $0.add(chunk) } }

    /// Takes a chunk that was closed into the store: into the index, into the books.
    package func finished(_ chunk: Chunk) async {
        space.update { $0.finish(chunk.id, of: chunk.camera, allocated: chunk.allocated) }
        await persist("chunk \(chunk.path)") { try await $0.update(chunk) }
        tellFinished()
    }

    /// Something more is to be known of chunks, and done with them.
    func tellFinished() {
        pass.wake()
        for listener in listeners.withLock({ $0 }) { listener() }
    }

    /// Has `listener` called, on any thread, whenever a chunk has been finished.
    package func onFinished(_ listener: @escaping @Sendable () -> Void) { listeners.withLock { $0.append(listener) } }

    /// The number of the next chunk.
    func takeID() -> Int64 { lastID.add(1, ordering: .relaxed).newValue }

    /// Makes a chunk whole that could not be finished, up to its last fragment; the answer is what it became, if anything
    /// is left of it.
    ///
    /// Of its file no more than `length` bytes are to be relied on, if that is given. `allocated` is what it was left with
    /// by ``leave(_:allocated:)``, if it was.
    package func mend(
        _ chunk: Chunk,
        of run: Run,
        upTo length: Int64? = nil,
        leaving allocated: Int64? = nil
    ) async throws -> Chunk? {
        var mended: Chunk?
        var asideBytes: Int64 = 0
        do {
            mended = try await pass.offQueue { [directory, identity] () throws -> Chunk? in
                try ChunkRepair.mend(
                    chunk,
                    of: run,
                    upTo: length.map { UInt64(max($0, 0)) },
                    store: identity,
                    in: directory
                )
            }
        } catch let failure as Unrepairable {
            journal.error("chunk \(chunk.path) cannot be repaired: \(failure)", camera: chunk.camera)
            asideBytes = failure.allocated
        }
        let overhead = asideBytes
        space.update { quota in
            quota.overhead += overhead
            if let allocated { quota.release(allocated, of: chunk.camera) }
        }
        guard let mended else {
            space.update { $0.remove(chunk.id) }
            await persist("chunk \(chunk.path)") { try await $0.drop(chunk) }
            return nil
        }
        await finished(mended)
        if mended.origin == .card {
            await persist("what a chunk stands in the place of") { index in
                try await index.clampCuts(for: mended.id, to: mended.duration)
            }
        }
        return mended
    }

    /// A chunk was closed and could not be made whole: it takes what it takes, and nobody writes to it any more.
    package func leave(_ chunk: Chunk, allocated: Int64) {
        space.update { $0.finish(chunk.id, of: chunk.camera, allocated: allocated) }
    }

    /// Adds a run and returns its key.
    package func begin(_ run: Run) async -> Int64 {
        var key: Int64 = 0
        await persist("a run of \(run.camera)") { key = try await $0.add(run) }
        return key
    }

    /// A chunk's times are known better.
    package func correct(_ run: Int64, to clock: RunClock.Mapping) async {
        await persist("the true time of a run") { try await $0.correct(run, to: clock) }
    }

    /// What this machine recorded since its start without knowing the time gets its true time.
    package func restamp(boot: String, offset: Int64) async {
        var moved: [(camera: String, by: Duration)] = []
        await persist("the true time of runs") { moved = try await $0.restamp(boot: boot, offset: offset) }
        for (camera, by) in moved {
            let seconds = by.components.seconds
            journal.notice(
                "what was recorded before the clock was set is \(seconds) s later than it said",
                camera: camera
            )
        }
    }

    /// A chunk came to nothing: its file is gone.
    package func discarded(_ chunk: Chunk) async {
        space.update { $0.remove(chunk.id) }
        await persist("chunk \(chunk.path)") { try await $0.drop(chunk) }
    }

    /// What is known to be missing; lasts until ``endGap(of:at:)`` if it has no end.
    package func addGap(_ gap: Gap) async { await persist("a gap") { try await $0.add(gap) } }

    /// A camera is recorded again.
    package func endGap(of camera: String, at time: UTCTime) async {
        await persist("a gap's end") { try await $0.endGap(of: camera, at: time) }
    }

    /// Notes what went wrong.
    package func noteFault(_ text: String, camera: String, at time: UTCTime) async {
        do { try await index.addFault(text, camera: camera, at: time) } catch {
            journal.warning("the index does not take a fault: \(error)", camera: camera)
        }
    }

    /// Whether what no store has acknowledged takes nearly all the room there is: soon the oldest of it has to go.
    package func isUnacknowledgedShort(_ acknowledgement: ChunkIndex.Acknowledgement?) throws(FileError) -> Bool {
        guard let acknowledgement else { return false }
        return try space.isShort(acknowledgement)
    }

    /// Whether something of a size in bytes can be added for which only older chunks than one of a turn have to go.
    package func hasRoom(for bytes: Int64, of camera: String, turn: Int64) async throws -> Bool {
        let shortage = try space.shortage(of: bytes, of: camera)
        if shortage.isOwn, try await !index.isAnything(of: camera, before: turn) { return false }
        if shortage.isAnybodys, try await !index.isAnything(before: turn) { return false }
        return true
    }

    /// Deletes what has to go; returns when nothing has to, or nothing more may.
    ///
    /// Happens by itself whenever room is short.
    package func makeRoom() async { await evictor.makeRoom() }

    /// Deletes a chunk at a person's wish; `false` if there is none to delete.
    package func remove(_ chunk: Chunk) async throws -> Bool { try await evictor.remove(chunk, reason: .removed) }

    /// Writes to the index, again and again while the disk does not take it: the files are safe meanwhile.
    func persist(_ what: String, _ change: (ChunkIndex) async throws -> Void) async {
        var isSaid = false
        defer { if isSaid { waiting.withLock { $0.count -= 1 } } }
        while true {
            do {
                try await change(index)
                if isSaid { journal.notice("the index is written again") }
                return
            } catch {
                if !isSaid {
                    journal.error("the index does not take \(what): \(error)")
                    waiting.withLock { $0.count += 1 }
                }
                isSaid = true
                waiting.withLock { $0.why = "\(error)" }
                if (error as? ChunkIndex.Failure)?.isDamage == true { lose() }
                // It will never be taken: what it was about is found again at the next opening.
                if (error as? ChunkIndex.Failure)?.isContradiction == true { return }
                // What the index lacks is found again at the next opening: the chunk says all of it itself.
                guard check(), !Task.isCancelled else { return }
                do { try await Task.sleep(for: .seconds(1)) } catch { return }
            }
        }
    }
}

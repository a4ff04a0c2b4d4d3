// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib

/// Enters what a camera's recordings come to into the index: their runs and chunks, and what is missing between them.
///
/// The index may have to wait for the disk, and no recording waits for the index: what happened is entered when its turn
/// comes.
@MainLoop final class ChunkBook {
    private let feed: Feed
    private let gaps: GapBook
    /// Of runs that began before the machine knew the time; their chunks may still be on their way to the disk.
    private var unsynchronised: [RunClock] = []
    /// Recordings whose entries are not all made, by their directories.
    private var uses: [ObjectIdentifier: Int] = [:]
    /// Chunks that the disk did not let be finished: tried again when it takes something, and by the next start.
    private var torn: [TornChunk] = []

    /// Chunks that were finished since the start.
    private(set) var finishedChunks = 0
    /// How many chunks could not be finished yet.
    var unfinishedChunks: Int { torn.count }

    nonisolated init(feed: Feed) {
        self.feed = feed
        gaps = GapBook(camera: feed.camera)
    }

    /// Whether anything is still on its way into a directory.
    func isUsing(_ directory: RecordingDirectory) -> Bool { uses[ObjectIdentifier(directory), default: 0] > 0 }

    func page(for run: Feed.Run) -> Page { Page(run, of: self) }

    /// One run, over all its recordings: entries are made in the order in which they were added.
    @MainLoop final class Page {
        fileprivate let run: Feed.Run
        private let book: ChunkBook
        private let post: AsyncStream<Job>.Continuation
        private let task: Task<Void, Never>
        /// Recordings that may add something yet.
        private var recordings = 0
        private var isFinished = false

        /// The run's key in the index, and what that knows of its clock.
        fileprivate var key: Int64?
        fileprivate var clock: RunClock.Mapping?
        /// Whose index that is: another has another key.
        fileprivate var store: ChunkStore?
        /// Where the recordings' last chunks end, by their numbers: in media time, since what that is on the clock may be
        /// known better later.
        fileprivate var ends: [Int: Int64] = [:]

        fileprivate typealias Job = @MainLoop @Sendable () async -> Void

        fileprivate init(_ run: Feed.Run, of book: ChunkBook) {
            (self.run, self.book) = (run, book)
            let (jobs, post) = AsyncStream.makeStream(of: Job.self, bufferingPolicy: .unbounded)
            self.post = post
            task = Task { for await job in jobs { await job() } }
        }

        /// Begins a recording into a directory.
        func begin(in directory: RecordingDirectory) -> Entries { begin(book.gaps.nextRecording(), in: directory) }

        fileprivate func begin(_ number: Int, in directory: RecordingDirectory) -> Entries {
            recordings += 1
            book.uses[ObjectIdentifier(directory), default: 0] += 1
            return Entries(number: number, directory: directory, page: self)
        }

        fileprivate func end(_ entries: Entries) {
            let directory = ObjectIdentifier(entries.directory)
            post.yield { [book] in book.uses[directory, default: 0] -= 1 }
            recordings -= 1
            if isFinished, recordings == 0 { post.finish() }
        }

        fileprivate func add(_ entry: Entry, _ number: Int, in store: ChunkStore) {
            post.yield { [book] in await book.enter(entry, of: number, on: self, in: store) }
        }

        /// No recording of the run begins any more; returns when its entries are made.
        ///
        /// It does not wait for a recording that was given up and may add something yet.
        func finish() async {
            isFinished = true
            guard recordings == 0 else { return }
            post.finish()
            await task.value
        }
    }

    /// What one recording adds to its run's page.
    @MainLoop struct Entries {
        fileprivate let number: Int
        fileprivate let directory: RecordingDirectory
        fileprivate let page: Page

        func add(_ entry: Entry, in store: ChunkStore) { page.add(entry, number, in: store) }

        /// Nothing more is added.
        func end() { page.end(self) }

        /// For what the same recording adds after these have ended.
        func forLate() -> Entries { page.begin(number, in: directory) }
    }

    enum Entry: Sendable {
        case opened(Chunk)
        case closed(Chunk, ChunkFile.Outcome)
        /// The recording is over; a chunk behind its last would have the sequence number `next`.
        case ended(Feed.Ending, next: Int)
    }

    private func enter(_ entry: Entry, of number: Int, on page: Page, in store: ChunkStore) async {
        if page.store !== store { (page.key, page.store) = (nil, store) }
        switch entry {
        case .opened(let chunk): await opened(chunk, number, on: page, in: store)
        case .closed(let chunk, let outcome):
            guard let chunk = await closed(chunk, outcome, number, on: page, in: store) else { return }
            page.ends[number] = chunk.mediaTime + chunk.duration.inNanoseconds
        case .ended(let ending, let next):
            let end = page.ends.removeValue(forKey: number)
            if let last = torn.lastIndex(where: { $0.recording == number }), torn[last].chunk.sequence + 1 == next {
                // Where the gap begins is known when the chunk is whole.
                torn[last].ending = ending
            } else {
                let time = end.map { page.run.clock.mapping.wallTime(of: $0) }
                await gaps.ended(number, at: time, ending, in: store)
            }
        }
    }

    private func opened(_ chunk: Chunk, _ number: Int, on page: Page, in store: ChunkStore) async {
        if page.key == nil { await begin(page, in: store) }
        var chunk = chunk
        chunk.run = page.key ?? 0
        await store.opened(chunk)
        await gaps.began(number, at: chunk.start, in: store)
        await mendTorn(in: store)
    }

    private func begin(_ page: Page, in store: ChunkStore) async {
        let mapping = page.run.clock.mapping
        page.clock = mapping
        page.key = await store.begin(Run(page.run, camera: feed.camera, boot: feed.wallClock.boot))
        if mapping.state == .unsynchronised { unsynchronised.append(page.run.clock) }
        // What this machine filmed before it knew the time gets its true time.
        let now = feed.wallClock.read()
        guard now.isSynchronised else { return }
        let offset = mapping.state == .synchronised ? mapping.offset : now.offset.inNanoseconds
        for clock in unsynchronised { clock.restamp(offset: offset) }
        unsynchronised = []
        await store.restamp(boot: feed.wallClock.boot, offset: offset)
    }

    /// Returns the chunk as it is in the index, if anything is left of it.
    private func closed(
        _ chunk: Chunk,
        _ outcome: ChunkFile.Outcome,
        _ number: Int,
        on page: Page,
        in store: ChunkStore
    ) async -> Chunk? {
        let mapping = page.run.clock.mapping
        var chunk = chunk
        chunk.run = page.key ?? 0
        chunk.start = mapping.wallTime(of: chunk.mediaTime)
        if let movie = outcome.movie, outcome.isComplete {
            chunk.state = .complete
            (chunk.frames, chunk.duration) = (movie.frames, movie.length)
            (chunk.bytes, chunk.allocated) = (outcome.bytes, outcome.allocated)
            await store.finished(chunk)
            Log.info("chunk \(outcome.name.file) is complete: \(movie.frames) frames", camera: feed.camera)
        } else {
            guard let mended = await mend(chunk, outcome, of: page.run, number, in: store) else { return nil }
            chunk = mended
        }
        finishedChunks += 1
        await mendTorn(in: store)
        if mapping != page.clock, let key = page.key {
            await store.correct(key, to: mapping)
            page.clock = mapping
        }
        return chunk
    }

    // MARK: Torn chunks

    /// A chunk that could not be made whole yet.
    private struct TornChunk {
        let chunk: Chunk
        let run: Footage.Run
        let store: ChunkStore
        let outcome: ChunkFile.Outcome
        /// The recording that it belongs to, and why that ended if this was its last chunk.
        let recording: Int
        var ending: Feed.Ending?
    }

    /// A chunk that the muxer or the disk did not finish is made whole up to its last fragment, if the disk can do that.
    private func mend(
        _ chunk: Chunk,
        _ outcome: ChunkFile.Outcome,
        of run: Feed.Run,
        _ number: Int,
        in store: ChunkStore
    ) async -> Chunk? {
        if outcome.isDiscarded {
            await store.discarded(chunk)
            return nil
        }
        let run = Run(run, camera: feed.camera, boot: feed.wallClock.boot)
        do {
            guard let mended = try await store.mend(chunk, of: run, upTo: outcome.bytes) else { return nil }
            Log.notice("chunk \(chunk.path) is repaired: \(mended.frames) frames", camera: feed.camera)
            return mended
        } catch {
            let cause = outcome.failure.map { "\($0)" } ?? "\(error)"
            Log.error("chunk \(outcome.name.openFile) stays unfinished: \(cause)", camera: feed.camera)
            store.leave(chunk, allocated: outcome.allocated)
            torn.append(
                TornChunk(chunk: chunk, run: run, store: store, outcome: outcome, recording: number)
            )
            return nil
        }
    }

    /// The disk takes something again: what it left torn is made whole.
    func mendTorn(in store: ChunkStore) async {
        // Whoever opened the directory anew did it for the others; those of a directory that was left wait for their own.
        torn.removeAll { $0.store !== store && $0.store.directory == store.directory }
        let waiting = torn.filter { $0.store === store }
        torn.removeAll { $0.store === store }
        for entry in waiting {
            do {
                let mended = try await store.mend(
                    entry.chunk,
                    of: entry.run,
                    upTo: entry.outcome.bytes,
                    leaving: entry.outcome.allocated
                )
                if let mended {
                    finishedChunks += 1
                    Log.notice("chunk \(entry.chunk.path) is repaired: \(mended.frames) frames", camera: feed.camera)
                }
                guard let ending = entry.ending else { continue }
                await gaps.ended(entry.recording, at: mended?.end ?? entry.chunk.start, ending, in: store)
            } catch {
                // Said already; another time.
                torn.append(entry)
            }
        }
    }
}

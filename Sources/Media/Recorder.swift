// SPDX-License-Identifier: Apache-2.0
package import Footage
package import GLib
internal import GStreamer
internal import ISOBaseMedia

/// Writes a feed into chunks: one recording for each run, cut on the wall clock, every finished chunk in the index.
@MainLoop package final class Recorder {
    package struct Settings: Sendable, Equatable {
        /// Chunks end at whole multiples of it on the clock.
        package var chunkDuration: Duration
        /// A chunk that reaches this size in bytes ends earlier; `nil` for no limit.
        package var chunkSize: Int64?
        /// Whether to record at all.
        package var isEnabled: Bool

        package init(chunkDuration: Duration, chunkSize: Int64? = nil, isEnabled: Bool = true) {
            (self.chunkDuration, self.chunkSize, self.isEnabled) = (chunkDuration, chunkSize, isEnabled)
        }
    }

    /// The pipeline description that recordings are made of where the user has one of that name.
    package nonisolated static let pipeline = "record/mp4"

    private let feed: Feed
    private var directory: RecordingDirectory
    private let library: PipelineLibrary
    private let patience: Duration
    private var settings: Settings
    private var backoff = Supervisor.Policy().firstDelay
    private let gaps: GapBook
    /// Of runs that began before the machine knew the time; their chunks may still be on their way to the disk.
    private var unsynchronised: [RunClock] = []

    /// Recordings that have not ended, by their directories.
    private var uses: [ObjectIdentifier: Int] = [:]

    /// The chunk that is being written, as a path.
    package private(set) var openChunk: String?
    /// Chunks that were finished since the start.
    package private(set) var finishedChunks = 0
    /// Chunks that the disk did not let be finished: tried again when it takes something, and by the next start.
    private var torn: [TornChunk] = []
    /// How many chunks could not be finished yet.
    package var unfinishedChunks: Int { torn.count }
    /// Why nothing is recorded although frames come; `nil` while all is well.
    package private(set) var trouble: String?

    /// Where it records to, or did last.
    private weak var store: ChunkStore?
    /// Why what is recorded has to wait; `nil` while it has not.
    package var indexTrouble: String? { store?.indexTrouble }

    /// Nothing is recorded before ``run()``.
    ///
    /// A recording that takes nothing for as long as `patience` hangs, and another takes its place: a disk may be busy for
    /// long, but not for longer.
    package nonisolated init(
        feed: Feed,
        directory: RecordingDirectory,
        library: PipelineLibrary,
        settings: Settings,
        patience: Duration = .seconds(60)
    ) {
        (self.feed, self.directory, self.library, self.settings) = (feed, directory, library, settings)
        self.patience = patience
        gaps = GapBook(camera: feed.camera)
        feed.expectRecorder(settings.isEnabled)
    }

    package var isEnabled: Bool { settings.isEnabled }

    /// Whether anything is still on its way into a directory.
    package func isUsing(_ directory: RecordingDirectory) -> Bool { uses[ObjectIdentifier(directory), default: 0] > 0 }

    /// Other settings, another directory or another description, from the next keyframe on: no frame is lost between the
    /// two.
    package func configure(_ settings: Settings, directory: RecordingDirectory) {
        self.directory = directory
        let ending =
            settings.isEnabled
            ? Feed.Ending(.stopped, "the configuration changed") : Feed.Ending(.stopped, "recording was turned off")
        self.settings = settings
        if !settings.isEnabled { trouble = nil }
        feed.expectRecorder(settings.isEnabled)
        feed.renewRun(ending)
    }

    /// What the placeholders of a record description stand for.
    package nonisolated static func values(_ settings: Settings) -> [String: String] {
        ["chunk-size": String(settings.chunkSize ?? 0)]
    }

    /// Records run after run until the feed is finished; then every chunk is closed and in the index.
    package func run() async {
        // A run does not wait until the disk has taken the last one's end.
        await withDiscardingTaskGroup { group in
            for await run in feed.runs where settings.isEnabled { group.addTask { await self.record(run) } }
        }
        if let store = await directory.open { await mendTorn(in: store) }
    }

    /// Records one run to its end, in more than one recording if the disk makes it necessary.
    private func record(_ run: Feed.Run) async {
        var beginning = Feed.Beginning.beginningOfRun
        var progress = RunProgress()
        while feed.run?.number == run.number, settings.isEnabled {
            do {
                try await record(run, from: beginning, &progress)
                backoff = Supervisor.Policy().firstDelay
            } catch {
                await noteTrouble("\(error)")
                guard feed.run?.number == run.number, settings.isEnabled else { return }
                // A stop does not wait for it.
                let end = ContinuousClock.now + backoff
                while feed.run?.number == run.number, .now < end {
                    do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
                }
                backoff = min(backoff * 2, Supervisor.Policy().longestDelay)
            }
            // What was written before is not written twice.
            beginning = .nextKeyframe
        }
    }

    /// What one run has come to, over all its recordings.
    private struct RunProgress {
        var sequence = 0
        /// The run's key in the index, and what that knows of its clock.
        var key: Int64?
        var clock: RunClock.Mapping?
        /// Whose index that is: another has another key.
        var store: ChunkStore?
    }

    private func record(_ run: Feed.Run, from beginning: Feed.Beginning, _ progress: inout RunProgress) async throws {
        let directory = directory
        uses[ObjectIdentifier(directory), default: 0] += 1
        defer { uses[ObjectIdentifier(directory), default: 0] -= 1 }
        let store = try await directory.store()
        self.store = store
        if progress.store !== store { (progress.key, progress.store) = (nil, store) }
        let recording = try makeRecording(of: run, firstSequence: progress.sequence, in: store)
        guard await recording.start(from: beginning, in: run) else { return }
        let number = gaps.nextRecording()
        var fault: RecordingFault?
        // In media time: what it was on the clock may be known better by then.
        var end: Int64?
        events: for await event in recording.events {
            switch event {
            case .opened(let chunk):
                openChunk = "\(store.directory)/\(chunk.openPath)"
                progress.sequence = chunk.sequence + 1
                await opened(chunk, of: run, number, &progress, in: store)
            case .closed(let chunk, let outcome):
                end = await closed(chunk, outcome, of: run, number, &progress, in: store) ?? end
                recording.closedOne()
            case .fault(let text):
                if fault == nil { fault = RecordingFault(description: text) }
                recording.end()
            case .stalled:
                let text = "the disk, or what writes to it, took nothing for \(patience.inSeconds)"
                fault = RecordingFault(description: text)
                // At once: the index below waits for the same disk.
                if say(text) {
                    let time = feed.wallClock.now
                    Task { await store.noteFault(text, camera: feed.camera, at: time) }
                }
                openChunk = nil
                recording.abandon()
                finishLate(recording, of: run, number, progress, in: directory, store)
                break events
            case .endOfStream: recording.end()
            }
        }
        let ending = ending(of: run, fault)
        if let last = torn.lastIndex(where: { $0.recording == number }),
            torn[last].chunk.sequence + 1 == progress.sequence
        {
            // Where the gap begins is known when the chunk is whole.
            torn[last].ending = ending
        } else {
            let time = end.map { run.clock.mapping.wallTime(of: $0) }
            await gaps.ended(number, at: time, ending, in: store)
        }
        if let fault { throw fault }
    }

    /// A recording that was given up may yet close what it was writing: another goes on meanwhile.
    private func finishLate(
        _ recording: any Recording,
        of run: Feed.Run,
        _ number: Int,
        _ progress: RunProgress,
        in directory: RecordingDirectory,
        _ store: ChunkStore
    ) {
        uses[ObjectIdentifier(directory), default: 0] += 1
        Task {
            var progress = progress
            for await event in recording.events {
                guard case .closed(let chunk, let outcome) = event else { continue }
                _ = await closed(chunk, outcome, of: run, number, &progress, in: store)
                recording.closedOne()
            }
            uses[ObjectIdentifier(directory), default: 0] -= 1
        }
    }

    private func makeRecording(of run: Feed.Run, firstSequence: Int, in store: ChunkStore) throws -> any Recording {
        // A format that is neither H.264 nor H.265, of a capture description of the user's, is for GStreamer's muxer.
        let description = SampleDescription(run.format)
        if let description, !library.hasUsers(Self.pipeline) {
            return FragmentRecording(
                run,
                description,
                feed: feed,
                store: store,
                settings: settings,
                firstSequence: firstSequence,
                patience: patience
            )
        }
        return try SplitMuxRecording(
            run,
            feed: feed,
            store: store,
            description: library.description(Self.pipeline),
            settings: settings,
            firstSequence: firstSequence,
            patience: patience
        )
    }

    /// Why a recording was over: its own fault, or the run's end, or that it could not keep up.
    private func ending(of run: Feed.Run, _ fault: RecordingFault?) -> Feed.Ending {
        if let fault { return Feed.Ending(.disk, fault.description) }
        return feed.ending(of: run.number) ?? Feed.Ending(.disk, "the disk was too slow")
    }

    private func noteTrouble(_ text: String) async {
        guard say(text), let store = await directory.open else { return }
        await store.noteFault(text, camera: feed.camera, at: feed.wallClock.now)
    }

    /// Said once, since a disk may be away for a week; returns whether it was new.
    private func say(_ text: String) -> Bool {
        guard trouble != text else { return false }
        trouble = text
        Log.error("recording stopped: \(text); trying again until it can be done", camera: feed.camera)
        return true
    }

    // MARK: Chunks

    private func opened(
        _ chunk: Chunk,
        of run: Feed.Run,
        _ number: Int,
        _ progress: inout RunProgress,
        in store: ChunkStore
    ) async {
        if trouble != nil {
            trouble = nil
            Log.notice("recording goes on", camera: feed.camera)
        }
        if progress.key == nil { await begin(run, &progress, in: store) }
        var chunk = chunk
        chunk.run = progress.key ?? 0
        await store.opened(chunk)
        await gaps.began(number, at: chunk.start, in: store)
        await mendTorn(in: store)
    }

    private func begin(_ run: Feed.Run, _ progress: inout RunProgress, in store: ChunkStore) async {
        let mapping = run.clock.mapping
        progress.clock = mapping
        progress.key = await store.begin(Run(run, camera: feed.camera, boot: feed.wallClock.boot))
        if mapping.state == .unsynchronised { unsynchronised.append(run.clock) }
        // What this machine filmed before it knew the time gets its true time.
        let now = feed.wallClock.read()
        guard now.isSynchronised else { return }
        let offset = mapping.state == .synchronised ? mapping.offset : now.offset.inNanoseconds
        for clock in unsynchronised { clock.restamp(offset: offset) }
        unsynchronised = []
        await store.restamp(boot: feed.wallClock.boot, offset: offset)
    }

    /// Returns when the chunk's last frame ends, in media time, if there is a chunk.
    private func closed(
        _ chunk: Chunk,
        _ outcome: ChunkFile.Outcome,
        of run: Feed.Run,
        _ number: Int,
        _ progress: inout RunProgress,
        in store: ChunkStore
    ) async -> Int64? {
        if openChunk?.hasSuffix(chunk.openPath) == true { openChunk = nil }
        let mapping = run.clock.mapping
        var chunk = chunk
        chunk.run = progress.key ?? 0
        chunk.start = mapping.wallTime(of: chunk.mediaTime)
        if let movie = outcome.movie, outcome.isComplete {
            chunk.state = .complete
            (chunk.frames, chunk.duration) = (movie.frames, movie.length)
            (chunk.bytes, chunk.allocated) = (outcome.bytes, outcome.allocated)
            await store.finished(chunk)
            Log.info("chunk \(outcome.name.file) is complete: \(movie.frames) frames", camera: feed.camera)
        } else {
            guard let mended = await mend(chunk, outcome, of: run, number, in: store) else { return nil }
            chunk = mended
        }
        finishedChunks += 1
        await mendTorn(in: store)
        if mapping != progress.clock, let key = progress.key {
            await store.correct(key, to: mapping)
            progress.clock = mapping
        }
        return chunk.mediaTime + chunk.duration.inNanoseconds
    }

    // MARK: Torn chunks

    /// A chunk that could not be made whole yet.
    private struct TornChunk {
        let chunk: Chunk
        let run: Footage.Run
        let store: ChunkStore
        /// What the file takes on the disk, in bytes.
        let allocated: Int64
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
        if outcome.bytes == 0 {
            await store.discarded(chunk)
            return nil
        }
        let run = Run(run, camera: feed.camera, boot: feed.wallClock.boot)
        do {
            guard let mended = try await store.mend(chunk, of: run) else { return nil }
            Log.notice("chunk \(chunk.path) is repaired: \(mended.frames) frames", camera: feed.camera)
            return mended
        } catch {
            let cause = outcome.failure.map { "\($0)" } ?? "\(error)"
            Log.error("chunk \(outcome.name.openFile) stays unfinished: \(cause)", camera: feed.camera)
            store.leave(chunk, allocated: outcome.allocated)
            torn.append(
                TornChunk(
                    chunk: chunk,
                    run: run,
                    store: store,
                    allocated: outcome.allocated,
                    recording: number
                )
            )
            return nil
        }
    }

    /// The disk takes something again: what it left torn is made whole.
    package func mendTorn(in store: ChunkStore) async {
        // Whoever opened the directory anew did it for the others; those of a directory that was left wait for their own.
        torn.removeAll { $0.store !== store && $0.store.directory == store.directory }
        let waiting = torn.filter { $0.store === store }
        torn.removeAll { $0.store === store }
        for entry in waiting {
            do {
                let mended = try await store.mend(entry.chunk, of: entry.run, leaving: entry.allocated)
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

/// Why a recording ended before its run, in words for the user.
struct RecordingFault: Error, CustomStringConvertible {
    let description: String
}

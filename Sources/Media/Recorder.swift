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
    private let book: ChunkBook

    /// The chunk that is being written, as a path.
    package private(set) var openChunk: String?
    /// Chunks that were finished since the start.
    package var finishedChunks: Int { book.finishedChunks }
    /// How many chunks could not be finished yet.
    package var unfinishedChunks: Int { book.unfinishedChunks }
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
        book = ChunkBook(feed: feed)
        feed.expectRecorder(settings.isEnabled)
    }

    package var isEnabled: Bool { settings.isEnabled }

    /// Whether anything is still on its way into a directory.
    package func isUsing(_ directory: RecordingDirectory) -> Bool { book.isUsing(directory) }

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
        if let store = await directory.open { await book.mendTorn(in: store) }
    }

    /// Records one run to its end, in more than one recording if the disk makes it necessary; returns when the index has
    /// taken it.
    private func record(_ run: Feed.Run) async {
        let page = book.page(for: run)
        var beginning = Feed.Beginning.beginningOfRun
        var sequence = 0
        attempts: while feed.run?.number == run.number, settings.isEnabled {
            do {
                try await record(run, from: beginning, &sequence, on: page)
                backoff = Supervisor.Policy().firstDelay
            } catch {
                note("\(error)", in: await directory.open)
                guard feed.run?.number == run.number, settings.isEnabled else { break attempts }
                // A stop does not wait for it.
                let end = ContinuousClock.now + backoff
                while feed.run?.number == run.number, .now < end {
                    do { try await Task.sleep(for: .milliseconds(100)) } catch { break attempts }
                }
                backoff = min(backoff * 2, Supervisor.Policy().longestDelay)
            }
            // What was written before is not written twice.
            beginning = .nextKeyframe
        }
        await page.finish()
    }

    /// Records until the run is over, or until something goes wrong.
    private func record(
        _ run: Feed.Run,
        from beginning: Feed.Beginning,
        _ sequence: inout Int,
        on page: ChunkBook.Page
    ) async throws {
        let entries = page.begin(in: directory)
        defer { entries.end() }
        let store = try await directory.store()
        self.store = store
        let recording = try makeRecording(of: run, firstSequence: sequence, in: store)
        guard await recording.start(from: beginning, in: run) else { return }
        var fault: RecordingFault?
        events: for await event in recording.events {
            switch event {
            case .opened(let chunk):
                openChunk = "\(store.directory)/\(chunk.openPath)"
                sequence = chunk.sequence + 1
                if trouble != nil {
                    trouble = nil
                    Log.notice("recording goes on", camera: feed.camera)
                }
                entries.add(.opened(chunk), in: store)
            case .closed(let chunk, let outcome):
                if openChunk?.hasSuffix(chunk.openPath) == true { openChunk = nil }
                entries.add(.closed(chunk, outcome), in: store)
                recording.closedOne()
            case .fault(let text):
                // At once, and the first alone: those that follow follow from it.
                if fault == nil { note(text, in: store) }
                fault = fault ?? RecordingFault(description: text)
                recording.end()
            case .stalled:
                let text = "the disk, or what writes to it, took nothing for \(patience.inSeconds)"
                note(text, in: store)
                fault = RecordingFault(description: text)
                openChunk = nil
                recording.abandon()
                finishLate(recording, entries.forLate(), in: store)
                break events
            case .endOfStream: recording.end()
            }
        }
        entries.add(.ended(ending(of: run, fault), next: sequence), in: store)
        if let fault { throw fault }
    }

    /// A recording that was given up may yet close what it was writing: another goes on meanwhile.
    private func finishLate(_ recording: any Recording, _ entries: ChunkBook.Entries, in store: ChunkStore) {
        Task {
            for await event in recording.events {
                guard case .closed(let chunk, let outcome) = event else { continue }
                entries.add(.closed(chunk, outcome), in: store)
                recording.closedOne()
            }
            entries.end()
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

    /// Said once, since a disk may be away for a week, and written down where that can be done.
    private func note(_ text: String, in store: ChunkStore?) {
        guard trouble != text else { return }
        trouble = text
        Log.error("recording stopped: \(text); trying again until it can be done", camera: feed.camera)
        guard let store else { return }
        let time = feed.wallClock.now
        // Nobody waits for it: the index waits for the same disk.
        Task { await store.noteFault(text, camera: feed.camera, at: time) }
    }

    /// The disk takes something again: what it left torn is made whole.
    package func mendTorn(in store: ChunkStore) async { await book.mendTorn(in: store) }
}

/// Why a recording ended before its run, in words for the user.
struct RecordingFault: Error, CustomStringConvertible {
    let description: String
}

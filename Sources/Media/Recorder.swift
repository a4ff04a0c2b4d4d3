// SPDX-License-Identifier: Apache-2.0
package import Footage
package import GLib
internal import GStreamer

/// Writes a feed into chunks: one pipeline for each run, cut on the wall clock, every finished chunk in the index.
@MainLoop package final class Recorder {
    package struct Settings: Sendable, Equatable {
        /// Chunks end at whole multiples of it on the clock.
        package var chunkDuration: Duration
        /// A chunk that reaches this size in bytes ends earlier; `nil` for no limit.
        package var chunkSize: Int64?

        package init(chunkDuration: Duration, chunkSize: Int64? = nil) {
            (self.chunkDuration, self.chunkSize) = (chunkDuration, chunkSize)
        }
    }

    private let feed: Feed
    private let store: ChunkStore
    private let description: PipelineDescription
    private let settings: Settings
    private var backoff = Supervisor.Policy().firstDelay

    /// The chunk that is being written, as a path.
    package private(set) var openChunk: String?
    /// Chunks that were finished since the start.
    package private(set) var finishedChunks = 0
    /// Chunks that were not finished since the start, and keep what could be written of them.
    package private(set) var unfinishedChunks = 0
    /// Why nothing is recorded although frames come; `nil` while all is well.
    package private(set) var trouble: String?

    package nonisolated init(feed: Feed, store: ChunkStore, description: PipelineDescription, settings: Settings) {
        (self.feed, self.store, self.description, self.settings) = (feed, store, description, settings)
        feed.expectRecorder()
    }

    /// What the placeholders of a record description stand for.
    package nonisolated static func values(_ settings: Settings) -> [String: String] {
        ["chunk-size": String(settings.chunkSize ?? 0)]
    }

    /// Records run after run until the feed is finished; then every chunk is closed and in the index.
    package func run() async {
        // A run does not wait until the disk has taken the last one's end.
        await withDiscardingTaskGroup { group in
            for await run in feed.runs { group.addTask { await self.record(run) } }
        }
    }

    /// Records one run to its end, in more than one recording if the disk makes it necessary.
    private func record(_ run: Feed.Run) async {
        var beginning = Feed.Beginning.beginningOfRun
        while feed.run?.number == run.number {
            do {
                try await record(run, from: beginning)
                backoff = Supervisor.Policy().firstDelay
            } catch {
                guard feed.run?.number == run.number else {
                    Log.error("recording stopped: \(error)", camera: feed.camera)
                    return
                }
                trouble = "\(error)"
                Log.error("recording stopped: \(error); trying again in \(backoff.inSeconds)", camera: feed.camera)
                do { try await Task.sleep(for: backoff) } catch { return }
                backoff = min(backoff * 2, Supervisor.Policy().longestDelay)
            }
            // What was written before is not written twice.
            beginning = .nextKeyframe
        }
    }

    private func record(_ run: Feed.Run, from beginning: Feed.Beginning) async throws {
        let recording = try Recording(run, feed: feed, store: store, description: description, settings: settings)
        guard await recording.start(from: beginning, in: run) else { return }
        var key: Int64?
        var start: UTCTime?
        var fault: RecordingFault?
        for await event in recording.events {
            switch event {
            case .chunk(.opened(let name, let path)):
                openChunk = path
                start = start ?? name.start
                goesOn()
            case .chunk(.closed(let outcome, let sequence)):
                if key == nil, outcome.isComplete { key = await beginRun(start ?? outcome.name.start) }
                await finished(outcome, sequence: sequence, run: key)
                recording.closedOne()
            case .fault(let text):
                if fault == nil { fault = RecordingFault(description: text) }
                recording.end()
            case .endOfStream: recording.end()
            }
        }
        if let fault { throw fault }
    }

    private func goesOn() {
        guard trouble != nil else { return }
        trouble = nil
        Log.notice("recording goes on", camera: feed.camera)
    }

    /// `nil` if the index cannot be written: the chunks are, and the index can be made from them.
    private func beginRun(_ start: UTCTime) async -> Int64? {
        do { return try await store.index.beginRun(camera: feed.camera, start: start) } catch {
            Log.error("a run is not in the index: \(error)", camera: feed.camera)
            return nil
        }
    }

    private func finished(_ outcome: ChunkFile.Outcome, sequence: Int, run: Int64?) async {
        if openChunk?.hasSuffix(outcome.name.openFile) == true { openChunk = nil }
        guard outcome.isComplete, let movie = outcome.movie else {
            guard outcome.bytes > 0 || outcome.failure != nil else { return }
            unfinishedChunks += 1
            let cause = outcome.failure.map { ": \($0)" } ?? ""
            Log.error("chunk \(outcome.name.openFile) stays unfinished\(cause)", camera: feed.camera)
            return
        }
        finishedChunks += 1
        guard let run else {
            Log.error("chunk \(outcome.name.file) is complete, but not in the index", camera: feed.camera)
            return
        }
        let chunk = Chunk(
            camera: feed.camera,
            run: run,
            sequence: sequence,
            start: outcome.name.start,
            duration: movie.length,
            frames: movie.frames,
            bytes: outcome.bytes,
            path: outcome.name.path
        )
        do {
            try await store.index.add(chunk)
            Log.info("chunk \(outcome.name.file) is complete: \(movie.frames) frames", camera: feed.camera)
        } catch {
            Log.error("chunk \(outcome.name.file) is complete, but not in the index: \(error)", camera: feed.camera)
        }
    }
}

/// Why a recording ended before its run, in words for the user.
struct RecordingFault: Error, CustomStringConvertible {
    let description: String
}

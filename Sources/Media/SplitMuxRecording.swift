// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib
internal import GStreamer
internal import Synchronization

/// A recording by a pipeline with `splitmuxsink`, as the user describes it: `pipelines/record/mp4.gst`.
///
/// Used once: a splitmuxsink that failed would truncate its chunk when it was started again.
@MainLoop final class SplitMuxRecording: Recording {
    let events: AsyncStream<RecordingEvent>
    private let post: AsyncStream<RecordingEvent>.Continuation
    private let feed: Feed
    private let pipeline: Pipeline
    private let source: AppSource
    private let splitter: Element
    private let openFiles: OpenFiles
    private var subscription: Feed.Subscription?
    private var isEnding = false
    /// Nobody waits for it any more.
    private var isAbandoned = false
    private let patience: Duration

    init(
        _ run: Feed.Run,
        feed: Feed,
        store: ChunkStore,
        description: PipelineDescription,
        settings: Recorder.Settings,
        firstSequence: Int,
        patience: Duration
    ) throws {
        (self.feed, self.patience) = (feed, patience)
        (events, post) = AsyncStream.makeStream(of: RecordingEvent.self, bufferingPolicy: .unbounded)
        pipeline = try description.makePipeline(with: Recorder.values(settings))
        guard let source = pipeline.appSource(named: "feed") else { throw description.missing("appsrc name=feed") }
        guard let splitter = pipeline.element(named: "chunks") else {
            throw description.missing("splitmuxsink name=chunks")
        }
        (self.source, self.splitter) = (source, splitter)
        let openFiles = OpenFiles()
        self.openFiles = openFiles
        // As the run began: what is learnt of the time later does not move cuts that are asked for already.
        let cuts = Cuts(clock: run.clock.mapping, every: settings.chunkDuration)
        let sink = ChunkSink(
            store: store,
            camera: feed.camera,
            run: run,
            boot: feed.wallClock.boot,
            firstSequence: firstSequence,
            // Not from the callback that names a chunk: there splitmuxsink holds the lock that this takes.
            began: { [weak splitter] chunk in if let splitter { cuts.schedule(after: chunk, in: splitter) } },
            report: { [post] event in
                if case .opened = event { openFiles.count.add(1, ordering: .relaxed) }
                post.yield(event)
            }
        )
        try splitter.set("sink", to: ByteSink(target: sink))
        splitter.connect("format-location-full") { arguments in
            sink.nameChunk(beginningAt: arguments.sample(1)?.presentationTime ?? .now)
        }
    }

    /// Returns `false`, and does nothing, if the run is over already.
    func start(from beginning: Feed.Beginning, in run: Feed.Run) async -> Bool {
        // Before the start, so that nothing is missed: an appsrc queues what it is given.
        let limit = RecordingLimit.queue
        subscription = feed.subscribe(source, as: .recorder, from: beginning, limit: limit, run: run.number)
        guard subscription != nil else { return false }
        let messages = pipeline.bus.messages
        Task { [post] in
            for await message in messages {
                switch message {
                case .error(_, let text, let detail): post.yield(.fault(detail.isEmpty ? text : "\(text) \(detail)"))
                case .endOfStream: post.yield(.endOfStream)
                case .warning, .latency: break
                }
            }
        }
        Task { await watch() }
        await pipeline.setState(.playing)
        return true
    }

    /// A heartbeat: what waits for a pipeline that works is taken, soon or late.
    private func watch() async {
        // Of an appsrc it is known what waits alone.
        let (source, patience) = (source, patience)
        await RecordingLimit.watch(
            source,
            patience: patience,
            progress: { -source.queuedBytes },
            isOver: { self.isAbandoned }
        )
        if !isAbandoned { post.yield(.stalled) }
    }

    /// Lets go of a pipeline that hangs; what it was writing is made whole by the next start.
    func abandon() {
        isEnding = true
        isAbandoned = true
        if let subscription { feed.unsubscribe(subscription) }
        Task { await pipeline.setState(.null) }
        post.finish()
    }

    /// Takes the pipeline down.
    ///
    /// ``events`` end once every chunk is closed.
    func end() {
        guard !isEnding else { return }
        isEnding = true
        if let subscription { feed.unsubscribe(subscription) }
        Task { [self] in
            await pipeline.setState(.null)
            openFiles.isStopped.store(true, ordering: .relaxed)
            finishIfDone()
        }
    }

    /// The reader of ``events`` has dealt with a closed chunk.
    func closedOne() {
        openFiles.count.subtract(1, ordering: .relaxed)
        finishIfDone()
    }

    private func finishIfDone() {
        guard openFiles.isStopped.load(ordering: .relaxed), openFiles.count.load(ordering: .relaxed) == 0 else {
            return
        }
        isAbandoned = true
        post.finish()
    }

    /// Chunks that are open or being closed, counted where they open: on the streaming thread.
    private final class OpenFiles: Sendable {
        let count = Atomic<Int>(0)
        let isStopped = Atomic<Bool>(false)
    }
}

/// Tells splitmuxsink where on its clock to cut.
///
/// `split-at-running-time` cuts at the next keyframe and loses nothing; `split-now` would cut a group of pictures early,
/// and `max-size-time` never exceeds its limit and so drifts off the clock. Asked for when a chunk's first bytes are
/// written: before the start splitmuxsink would forget it, and it decides about a group of pictures only at that
/// group's end, so that even a cut that is due before the second group is in time; where groups had piled up before the
/// recorder came, a run's first cut may be one late. Always two cuts are known ahead.
private final class Cuts: Sendable {
    private let clock: RunClock.Mapping
    private let interval: Duration
    private let last = Mutex<UTCTime?>(nil)

    init(clock: RunClock.Mapping, every interval: Duration) {
        (self.clock, self.interval) = (clock, interval)
    }

    func schedule(after chunk: Chunk, in splitter: Element) {
        let start = clock.wallTime(of: chunk.mediaTime)
        let cuts = last.withLock { last -> [UTCTime] in
            var cuts: [UTCTime] = []
            let horizon = start.nextBoundary(every: interval).nextBoundary(every: interval)
            var next = (last ?? start).nextBoundary(every: interval)
            while next <= horizon {
                cuts.append(next)
                last = next
                next = next.nextBoundary(every: interval)
            }
            return cuts
        }
        for cut in cuts { splitter.emit("split-at-running-time", clock.mediaTime(of: cut).nanoseconds) }
    }
}

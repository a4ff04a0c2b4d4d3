// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib
internal import GStreamer
internal import ISOBaseMedia

/// A recording without a pipeline: frames go from the feed into the chunk, a quarter of a second at a time.
///
/// It does what `splitmuxsink` with `mp4mux` does for one H.264 or H.265 stream, without threads of its own for each
/// camera. A group of pictures need not be whole before it is written.
@MainLoop final class FragmentRecording: Recording {
    let events: AsyncStream<RecordingEvent>
    private let post: AsyncStream<RecordingEvent>.Continuation
    private let feed: Feed
    private let muxer: FragmentMuxer
    private let patience: Duration
    private var subscription: Feed.Subscription?
    private var isEnding = false

    init(
        _ run: Feed.Run,
        _ description: SampleDescription,
        feed: Feed,
        store: ChunkStore,
        settings: Recorder.Settings,
        firstSequence: Int,
        patience: Duration
    ) {
        (self.feed, self.patience) = (feed, patience)
        (events, post) = AsyncStream.makeStream(of: RecordingEvent.self, bufferingPolicy: .unbounded)
        muxer = FragmentMuxer(
            .init(
                camera: feed.camera,
                run: run,
                boot: feed.wallClock.boot,
                description: description,
                settings: settings
            ),
            store: store,
            firstSequence: firstSequence,
            report: { [post] in post.yield($0) }
        )
    }

    func start(from beginning: Feed.Beginning, in run: Feed.Run) async -> Bool {
        subscription = feed.subscribe(
            muxer,
            as: .recorder,
            from: beginning,
            limit: RecordingLimit.queue,
            run: run.number
        )
        guard subscription != nil else { return false }
        Task {
            await RecordingLimit.watch(
                muxer,
                patience: patience,
                progress: { self.muxer.writtenBytes },
                isOver: { self.isEnding }
            )
            if !isEnding { post.yield(.stalled) }
        }
        return true
    }

    func end() {
        guard !isEnding else { return }
        isEnding = true
        if let subscription { feed.unsubscribe(subscription) }
        // What it was told before is all it tells: whoever ends it has heard of a fault, or of the end.
        muxer.end { [post] in post.finish() }
    }

    func abandon() {
        isEnding = true
        if let subscription { feed.unsubscribe(subscription) }
        // What it was writing is closed when the disk lets go.
        muxer.abandon { [post] in post.finish() }
    }
}

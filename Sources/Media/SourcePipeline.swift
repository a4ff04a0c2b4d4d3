// SPDX-License-Identifier: Apache-2.0
package import GStreamer

/// Where a source's frames come from, from one start to one end: a ``SourceRunner`` starts it, watches it, and lets go of
/// it for another.
package protocol SourcePipeline: AnyObject, Sendable {
    /// What goes wrong, and the end; for one reader.
    var messages: AsyncStream<BusMessage> { get }

    /// Calls `handler` with each frame, on a streaming thread; called once, before the start.
    func onFrame(_ handler: @escaping @Sendable (borrowing Sample) -> Void)

    /// Asks the encoder for a keyframe, where there is one.
    func requestKeyframe()

    /// Somebody watches, or nobody does: what nobody watches may come in batches.
    ///
    /// On any thread.
    func setWatched(_ isWatched: Bool)

    /// Returns when it runs or has failed, which may take as long as a driver or a server likes.
    func start() async

    /// Has it end in good order: the last frames still come, then ``BusMessage/endOfStream``.
    func finish()

    /// Lets go of its device or connection; no frame comes any more when this returns, which may be never.
    func stop() async
}

extension SourcePipeline {
    package func setWatched(_ isWatched: Bool) {}
}

extension Pipeline: SourcePipeline {
    package var messages: AsyncStream<BusMessage> { bus.messages }

    package func onFrame(_ handler: @escaping @Sendable (borrowing Sample) -> Void) {
        appSink(named: "feed")?.onSample(handler)
    }

    package func requestKeyframe() { appSink(named: "feed")?.requestKeyframe() }

    package func start() async { await setState(.playing) }

    package func finish() { sendEndOfStream() }

    package func stop() async { await setState(.null) }
}

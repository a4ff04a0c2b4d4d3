// SPDX-License-Identifier: Apache-2.0
package import GLib
package import GStreamer

/// One camera inside a process: its feed, what fills it, what records it, and what brings it to a store.
///
/// Nothing of it touches another camera.
@MainLoop package final class Camera {
    package nonisolated let name: String
    package nonisolated let feed: Feed
    package nonisolated let started = ClockTime.now
    package let source: SourceRunner
    package let recorder: Recorder
    package let publisher: Publisher

    package nonisolated init(feed: Feed, source: SourceRunner, recorder: Recorder, publisher: Publisher) {
        name = feed.camera
        (self.feed, self.source, self.recorder, self.publisher) = (feed, source, recorder, publisher)
    }

    /// Runs until ``stop()``.
    ///
    /// When it returns, the source has ended and every chunk is complete, durable and indexed.
    package func run() async {
        let recording = Task { await recorder.run() }
        let publishing = Task { await publisher.run() }
        await source.run()
        publisher.stop()
        feed.finish()
        await recording.value
        await publishing.value
    }

    /// Asks for an end in good order.
    package func stop() { source.stop() }

    /// A recorder that has not come back to its feed for so long is in trouble, said or not.
    private static let recorderLimit = Duration.seconds(10)

    /// Why frames come and are not recorded; `nil` if they are, or are not to be.
    package var recordingTrouble: String? {
        guard recorder.isEnabled else { return nil }
        if let trouble = recorder.trouble ?? recorder.indexTrouble { return trouble }
        guard case .running(let since, _) = source.state, ClockTime.now - since > Self.recorderLimit,
            feed.count(of: .recorder) == 0
        else { return nil }
        return "the disk does not take what comes"
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib
internal import GStreamer

/// One run's way into chunks, from its beginning to its end or to the first fault.
@MainLoop protocol Recording: AnyObject {
    /// What happens to it; ends when its last chunk is closed.
    var events: AsyncStream<RecordingEvent> { get }

    /// Returns `false`, and does nothing, if the run is over already.
    func start(from beginning: Feed.Beginning, in run: Feed.Run) async -> Bool

    /// The reader of ``events`` has dealt with a closed chunk.
    func closedOne()

    /// Takes no more; ``events`` end once every chunk is closed.
    func end()

    /// Lets go of one that hangs.
    ///
    /// ``events`` go on until what it was writing is closed, if that ever comes: else the next start makes it whole.
    func abandon()
}

extension Recording {
    func closedOne() {}
}

enum RecordingEvent: Sendable {
    case opened(Chunk)
    case closed(Chunk, ChunkFile.Outcome)
    case fault(String)
    /// It takes nothing any more, and does not say so.
    case stalled
    case endOfStream
}

enum RecordingLimit {
    /// What may wait in memory while the disk is busy, in bytes: half a minute of 4 Mbit/s.
    static let queue = 16 << 20

    /// Returns when `consumer` has had something waiting, and `progress` has not risen, for as long as `patience`; or when
    /// `isOver`.
    @MainLoop static func watch(
        _ consumer: any FeedConsumer,
        patience: Duration,
        progress: () -> Int,
        isOver: () -> Bool
    ) async {
        var last = 0
        var taken = ClockTime.now
        while !isOver() {
            let present = progress()
            if consumer.queuedBytes == 0 || present > last { taken = .now }
            last = present
            if ClockTime.now - taken > patience { return }
            // Often enough to see it, and no oftener: there may be many.
            do { try await MainLoop.sleep(for: max(patience / 12, .milliseconds(100))) } catch { return }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib

/// Writes down what lies between a camera's recordings.
///
/// A recording may begin before the last one's end is on the disk, so the two sides of a gap come in either order.
@MainLoop final class GapBook {
    private let camera: String
    private var recordings = 0
    /// The newest recording that has begun, and when.
    private var begun: (number: Int, at: UTCTime)?

    nonisolated init(camera: String) { self.camera = camera }

    /// Counts recordings from 1.
    func nextRecording() -> Int {
        recordings += 1
        return recordings
    }

    /// A recording's chunk begins: its first ends the gap that lasts.
    func began(_ number: Int, at start: UTCTime, in store: ChunkStore) async {
        guard number > begun?.number ?? 0 else { return }
        begun = (number, start)
        await store.endGap(of: camera, at: start)
    }

    /// A recording is over, with the last frame that it kept; one that kept none leaves a gap from where it began.
    func ended(_ number: Int, at end: UTCTime?, _ ending: Feed.Ending, in store: ChunkStore) async {
        guard let end = end ?? begun.flatMap({ $0.number == number ? $0.at : nil }) else { return }
        let next = begun.flatMap { $0.number > number ? $0.at : nil }
        await store.addGap(
            Gap(camera: camera, start: end, end: next, reason: ending.reason, detail: ending.detail)
        )
    }
}

// SPDX-License-Identifier: Apache-2.0

/// One chunk, as the index knows it.
package struct Chunk: Equatable, Sendable {
    /// What has become of a chunk.
    package enum State: String, Sendable, CaseIterable {
        /// It is being written, or was when the process ended.
        case open
        case complete
        /// It was torn by a crash and made whole up to its last fragment.
        case repaired
        /// Its file no longer holds what was written.
        case damaged
        /// Its file is being deleted.
        case deleting
    }

    /// Where a chunk's frames came from.
    package enum Origin: String, Sendable, CaseIterable {
        /// The feed, as it was filmed.
        case live
        /// The camera's card, afterwards.
        case card
    }

    /// The store's number for it: rises from chunk to chunk in the order in which they were begun, whatever clocks say.
    package var id: Int64
    package var camera: String
    /// The run's key.
    package var run: Int64
    /// Place in the run, from 0.
    package var sequence: Int
    package var state: State
    package var origin = Origin.live
    package var isProtected = false
    /// Whether a store has all of it, or has said that it wants none.
    package var isAcknowledged = false
    /// When it is to be deleted, among the others: its number, or that of the chunk before it in time if it came
    /// afterwards.
    package var turn: Int64
    /// Time of the first frame.
    package var start: UTCTime
    package var duration = Duration.zero
    /// Media time of the first frame in nanoseconds: what ``start`` is made from with the run's clock.
    package var mediaTime: Int64
    package var frames = 0
    /// Size of the file.
    package var bytes: Int64 = 0
    /// What the file takes on the disk, in bytes.
    package var allocated: Int64 = 0
    /// SHA-256 of the whole file; `nil` until it was computed.
    package var digest: [UInt8]?
    /// The finished file, relative to the store's directory.
    package var path: String

    package init(
        id: Int64,
        camera: String,
        run: Int64,
        sequence: Int,
        state: State,
        start: UTCTime,
        mediaTime: Int64,
        path: String
    ) {
        (self.id, self.camera, self.run, self.sequence, self.state) = (id, camera, run, sequence, state)
        (self.start, self.mediaTime, self.path, turn) = (start, mediaTime, path, id)
    }

    package var end: UTCTime { start + duration }

    /// The file while it is being written, relative to the store's directory.
    package var openPath: String { path.hasSuffix(".mp4") ? path.dropLast(4) + ".open.mp4" : path + ".open.mp4" }

    /// Longer than any chunk is: `chunk-duration` reaches to 60 min, and a chunk ends with a group of pictures.
    ///
    /// What began longer ago than this cannot reach into a span: so a question about time is one range scan.
    package static let longest = Duration.seconds(2 * 3600)
}

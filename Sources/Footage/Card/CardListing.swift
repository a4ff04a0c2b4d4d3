// SPDX-License-Identifier: Apache-2.0

/// What a camera says of the chunks on its card, for a store that compares them with its own.
///
/// Times and lengths are in nanoseconds.
package struct CardListing: Codable, Equatable, Sendable {
    /// One chunk on the card.
    package struct Entry: Codable, Equatable, Sendable {
        /// Its number on the card.
        package var id: Int64
        /// The run that it belongs to, and the start of the camera in which that was filmed.
        package var run: String
        package var boot: String
        /// Of the first frame, on the camera's monotonic clock.
        package var mediaTime: Int64
        /// When the first frame was filmed, since 1970, as the camera knows it, and how well it does.
        package var start: Int64
        package var clock: String
        /// Zero while the chunk is being written.
        package var duration: Int64
        package var frames: Int
        /// Of the file.
        package var bytes: Int64
        package var state: String
        /// Whether a store has all of it, or one wants none of it.
        package var acknowledged: Bool

        package enum CodingKeys: String, CodingKey {
            case id, run, boot
            case mediaTime = "media-time"
            case start, clock, duration, frames, bytes, state, acknowledged
        }
    }

    /// What is missing on the card, and why.
    package struct Absence: Codable, Equatable, Sendable {
        package var start: Int64
        /// `nil` while it lasts.
        package var end: Int64?
        package var reason: String
        package var detail: String

        package init(_ gap: Gap) {
            (start, end) = (gap.start.nanoseconds, gap.end?.nanoseconds)
            (reason, detail) = (gap.reason.rawValue, gap.detail)
        }
    }

    package var camera: String
    /// The identity of the card's directory.
    package var card: String
    /// Which start of the camera this is, and what its monotonic clock shows now.
    package var boot: String
    package var mediaTime: Int64
    /// The oldest chunk that is there; `nil` if there is none.
    package var oldest: Int64?
    /// Whether what no store has yet is about to be deleted to make room.
    package var isShort: Bool
    /// Those that no store has acknowledged, by their numbers.
    package var chunks: [Entry]
    /// Whether there are more behind the last of them.
    package var more: Bool
    package var gaps: [Absence]

    package enum CodingKeys: String, CodingKey {
        case camera, card, boot
        case mediaTime = "media-time"
        case oldest
        case isShort = "short"
        case chunks, more, gaps
    }

    package init(
        camera: String,
        card: String,
        boot: String,
        mediaTime: Int64,
        oldest: Int64?,
        isShort: Bool,
        chunks: [Entry],
        more: Bool,
        gaps: [Absence]
    ) {
        (self.camera, self.card, self.boot, self.mediaTime) = (camera, card, boot, mediaTime)
        (self.oldest, self.isShort, self.chunks, self.more, self.gaps) = (oldest, isShort, chunks, more, gaps)
    }
}

extension CardListing {
    /// The same of what it says as a whole.
    package var isPossible: Bool {
        mediaTime >= 0 && mediaTime <= Entry.latest
    }

    /// What is missing on the card, as far as that can be.
    package var possibleGaps: [Absence] {
        gaps.filter { gap in
            (0...Entry.latest).contains(gap.start) && gap.end.map { $0 > gap.start && $0 <= Entry.latest } ?? true
        }
    }
}

extension CardListing.Entry {
    /// The year 2200, in nanoseconds since 1970.
    fileprivate static let latest: Int64 = 7_258_118_400_000_000_000

    /// Whether its numbers are such as a camera has; what is reckoned with them cannot overflow then.
    package var isPossible: Bool {
        (1...1 << 53).contains(id) && (0...Self.latest).contains(mediaTime) && (0...Self.latest).contains(start)
            && (0...Chunk.longest.inNanoseconds).contains(duration) && frames >= 0 && (0...1 << 53).contains(bytes)
    }

    package init(_ chunk: Chunk, of run: Run) {
        self.init(
            id: chunk.id,
            run: run.identity,
            boot: run.boot,
            mediaTime: chunk.mediaTime,
            start: chunk.start.nanoseconds,
            clock: run.clock.state.rawValue,
            duration: chunk.duration.inNanoseconds,
            frames: chunk.frames,
            bytes: chunk.bytes,
            state: chunk.state.rawValue,
            acknowledged: chunk.isAcknowledged
        )
    }
}

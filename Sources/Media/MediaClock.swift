// SPDX-License-Identifier: Apache-2.0
package import Footage
package import GStreamer

/// How a run's media clock maps to the wall clock: taken once, when the run begins, and kept for the run's length.
package struct MediaClock: Equatable, Sendable {
    private let media: ClockTime
    private let wall: UTCTime

    /// The two clocks as they stand at one moment.
    package init(media: ClockTime, wall: UTCTime) {
        (self.media, self.wall) = (media, wall)
    }

    package static var now: MediaClock { MediaClock(media: .now, wall: .now) }

    package func wallTime(of time: ClockTime) -> UTCTime { wall + (time - media) }

    package func mediaTime(of time: UTCTime) -> ClockTime { media + (time - wall) }
}

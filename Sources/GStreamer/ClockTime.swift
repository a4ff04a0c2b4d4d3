// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A point on the process's media clock (`GstClockTime`): nanoseconds of `CLOCK_MONOTONIC`.
///
/// GStreamer's system clock counts the same nanoseconds. All our pipelines have base time 0, so a buffer's running time
/// *is* the clock's time of its capture, and a frame keeps its timestamp from pipeline to pipeline.
package struct ClockTime: Hashable, Comparable, Sendable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// What C says; `nil` for `GST_CLOCK_TIME_NONE`.
    init?(_ time: UInt) {
        guard time != .max else { return nil }
        self.init(nanoseconds: UInt64(time))
    }

    package static var now: ClockTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return ClockTime(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    package static func < (one: ClockTime, other: ClockTime) -> Bool { one.nanoseconds < other.nanoseconds }

    package static func - (one: ClockTime, other: ClockTime) -> Duration {
        .nanoseconds(Int64(bitPattern: one.nanoseconds &- other.nanoseconds))
    }

    /// Saturates at zero, the clock's beginning.
    package static func + (time: ClockTime, duration: Duration) -> ClockTime {
        let sum = Int64(bitPattern: time.nanoseconds) + duration.wholeNanoseconds
        return ClockTime(nanoseconds: UInt64(max(0, sum)))
    }

    /// Saturates at zero, the clock's beginning.
    package static func - (time: ClockTime, duration: Duration) -> ClockTime { time + (.zero - duration) }
}

extension Duration {
    /// The duration in nanoseconds, its fraction of one dropped.
    package var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}

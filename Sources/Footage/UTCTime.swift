// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// A point on the wall clock: nanoseconds since 1970 in UTC, as files are named and as the index stores it.
package struct UTCTime: Hashable, Comparable, Sendable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static var now: UTCTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UTCTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    package static func < (one: UTCTime, other: UTCTime) -> Bool { one.nanoseconds < other.nanoseconds }

    package static func - (one: UTCTime, other: UTCTime) -> Duration {
        .nanoseconds(one.nanoseconds - other.nanoseconds)
    }

    package static func + (time: UTCTime, duration: Duration) -> UTCTime {
        let (seconds, attoseconds) = duration.components
        return UTCTime(nanoseconds: time.nanoseconds + seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// The first whole multiple of `interval` on the clock after this time: with 10 min, the next :00, :10, ….
    package func nextBoundary(every interval: Duration) -> UTCTime {
        let (seconds, attoseconds) = interval.components
        let step = max(1, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        let rest = nanoseconds % step
        return UTCTime(nanoseconds: nanoseconds - (rest < 0 ? rest + step : rest) + step)
    }

    /// `2026-11-21`.
    package var date: String { parts.date }

    /// RFC 3339 with milliseconds: `2026-11-21T10:20:00.000Z`.
    package var rfc3339: String { "\(parts.date)T\(parts.time(separator: ":"))Z" }

    /// As in file names, where a colon is not welcome everywhere: `2026-11-21T10-20-00.000Z`.
    package var fileName: String { "\(parts.date)T\(parts.time(separator: "-"))Z" }

    /// In the machine's own time zone, for people: `2026-11-21 11:20:00.000`.
    package var local: String {
        var seconds = time_t(secondsAndMilliseconds.seconds)
        var calendar = tm()
        localtime_r(&seconds, &calendar)
        let parts = Parts(calendar, milliseconds: secondsAndMilliseconds.milliseconds)
        return "\(parts.date) \(parts.time(separator: ":"))"
    }

    private var secondsAndMilliseconds: (seconds: Int64, milliseconds: Int64) {
        let milliseconds = nanoseconds >= 0 ? nanoseconds / 1_000_000 : (nanoseconds - 999_999) / 1_000_000
        let rest = (milliseconds % 1000 + 1000) % 1000
        return ((milliseconds - rest) / 1000, rest)
    }

    private var parts: Parts {
        var seconds = time_t(secondsAndMilliseconds.seconds)
        var calendar = tm()
        gmtime_r(&seconds, &calendar)
        return Parts(calendar, milliseconds: secondsAndMilliseconds.milliseconds)
    }

    private struct Parts {
        let calendar: tm
        let milliseconds: Int64

        init(_ calendar: tm, milliseconds: Int64) {
            (self.calendar, self.milliseconds) = (calendar, milliseconds)
        }

        var date: String {
            "\(padded(calendar.tm_year + 1900, 4))-\(padded(calendar.tm_mon + 1, 2))-\(padded(calendar.tm_mday, 2))"
        }

        func time(separator: String) -> String {
            [padded(calendar.tm_hour, 2), padded(calendar.tm_min, 2), padded(calendar.tm_sec, 2)]
                .joined(separator: separator) + "." + padded(milliseconds, 3)
        }

        private func padded(_ number: some BinaryInteger, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
    }
}

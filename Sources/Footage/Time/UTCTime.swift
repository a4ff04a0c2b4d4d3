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
        .nanoseconds(one.nanoseconds) - .nanoseconds(other.nanoseconds)
    }

    package static func + (time: UTCTime, duration: Duration) -> UTCTime {
        let (sum, overflows) = time.nanoseconds.addingReportingOverflow(duration.inNanoseconds)
        return overflows ? UTCTime(nanoseconds: duration < .zero ? .min : .max) : UTCTime(nanoseconds: sum)
    }

    package static func - (time: UTCTime, duration: Duration) -> UTCTime {
        time + (.zero - duration)
    }

    /// The first whole multiple of `interval` on the clock after this time: with 10 min, the next :00, :10, ….
    package func nextBoundary(every interval: Duration) -> UTCTime {
        let step = max(1, interval.inNanoseconds)
        let rest = nanoseconds % step
        return UTCTime(nanoseconds: nanoseconds - (rest < 0 ? rest + step : rest) + step)
    }

    /// `2026-11-21`.
    package var date: String { parts.date }

    /// RFC 3339 with milliseconds: `2026-11-21T10:20:00.000Z`.
    package var rfc3339: String { "\(parts.date)T\(parts.time(separator: ":"))Z" }

    /// As in file names, where a colon is not welcome everywhere: `2026-11-21T10-20-00.000Z`.
    package var fileName: String { "\(parts.date)T\(parts.time(separator: "-"))Z" }

    /// A time of RFC 3339: with or without a fraction of the second, in UTC (`Z`) or with an offset (`+01:00`).
    package init?(rfc3339 text: String) {
        let forms = #/(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(\.\d{1,9}\d*)?(?:[Zz]|([+\-])(\d\d):(\d\d))/#
        guard text.utf8.count <= 64, let match = text.wholeMatch(of: forms),
            let whole = UTCTime(fileName: "\(match.1)T\(match.2.replacing(":", with: "-")).000Z")
        else { return nil }
        let digits = (match.3 ?? ".0").dropFirst().prefix(9)
        guard let fraction = Int64(digits + String(repeating: "0", count: 9 - digits.count)) else { return nil }
        var offset: Int64 = 0
        if let sign = match.4, let hours = match.5.flatMap({ Int64($0) }), let minutes = match.6.flatMap({ Int64($0) })
        {
            guard hours < 24, minutes < 60 else { return nil }
            offset = (hours * 3600 + minutes * 60) * (sign == "-" ? -1 : 1)
        }
        self.init(nanoseconds: whole.nanoseconds + fraction - offset * 1_000_000_000)
    }

    /// The time that ``fileName`` writes, to the millisecond.
    package init?(fileName text: String) {
        let digits = text.utf8.map { (48...57).contains($0) ? Int($0) - 48 : nil }
        let shape = "dddd-dd-ddTdd-dd-dd.dddZ".utf8
        guard digits.count == shape.count,
            zip(zip(text.utf8, digits), shape).allSatisfy({ $0.1 != nil ? $1 == 100 : $0.0 == $1 })
        else { return nil }
        func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + ($1 ?? 0) } }
        var calendar = tm()
        (calendar.tm_year, calendar.tm_mon) = (Int32(number(0..<4) - 1900), Int32(number(5..<7) - 1))
        (calendar.tm_mday, calendar.tm_hour) = (Int32(number(8..<10)), Int32(number(11..<13)))
        (calendar.tm_min, calendar.tm_sec) = (Int32(number(14..<16)), Int32(number(17..<19)))
        // What lies outside cannot be told in nanoseconds since 1970, or was filmed before there was video.
        guard (1970..<2200).contains(number(0..<4)) else { return nil }
        let seconds = Int64(timegm(&calendar))
        self.init(nanoseconds: (seconds * 1000 + Int64(number(20..<23))) * 1_000_000)
        guard fileName == text else { return nil }
    }

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

extension Duration {
    /// In whole nanoseconds, as the index stores it; 292 years at most, whatever a file claims.
    package var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, exceeds) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflows || exceeds ? (seconds < 0 ? .min : .max) : sum
    }
}

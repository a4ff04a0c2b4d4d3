// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import Glibc

/// Points in time as people write them on a command line.
enum UserTime {
    /// What can be written, for a message.
    static let forms = "2026-11-21T10:20:00Z, \"2026-11-21 10:20\", 2026-11-21, 10:20 (today), -15min or now"

    /// Reads a time; `nil` if it is none.
    ///
    /// Without an offset it is meant in the machine's own time zone.
    static func parse(_ text: String, now: UTCTime) -> UTCTime? {
        if text == "now" { return now }
        if text.hasPrefix("-") {
            guard case .success(let ago) = Result(catching: { try Duration(parsing: String(text.dropFirst())) }) else {
                return nil
            }
            return now - ago
        }
        let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) { $0 == "T" || $0 == " " }
        guard let first = parts.first else { return nil }
        if parts.count == 1, first.contains(":") {
            return date(of: now).flatMap { time(String(first), on: $0) }
        }
        guard let day = day(first) else { return nil }
        return parts.count == 1 ? time("00:00", on: day) : time(String(parts[1]), on: day)
    }

    /// Today, in the machine's own time zone.
    private static func date(of now: UTCTime) -> tm? {
        var seconds = time_t(now.nanoseconds / 1_000_000_000)
        var calendar = tm()
        guard localtime_r(&seconds, &calendar) != nil else { return nil }
        return calendar
    }

    /// `2026-11-21`.
    private static func day(_ text: Substring) -> tm? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let year = number(parts[0], 4), let month = number(parts[1], 2),
            let day = number(parts[2], 2), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var calendar = tm()
        (calendar.tm_year, calendar.tm_mon, calendar.tm_mday) = (Int32(year - 1900), Int32(month - 1), Int32(day))
        return calendar
    }

    /// `10:20`, `10:20:30.5`, each perhaps with `Z` or `+01:00` behind it.
    private static func time(_ text: String, on day: tm) -> UTCTime? {
        var clock = text[...]
        var offset: Int64?
        if clock.hasSuffix("Z") || clock.hasSuffix("z") {
            offset = 0
            clock = clock.dropLast()
        } else if let sign = clock.lastIndex(where: { $0 == "+" || $0 == "-" }) {
            let parts = clock[clock.index(after: sign)...].split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let hours = number(parts[0], 2), let minutes = number(parts[1], 2) else {
                return nil
            }
            offset = Int64(hours * 3600 + minutes * 60) * (clock[sign] == "-" ? -1 : 1)
            clock = clock[..<sign]
        }
        let fields = clock.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(fields.count), let hour = number(fields[0], 2), let minute = number(fields[1], 2),
            hour < 24, minute < 60, let (second, fraction) = seconds(fields.count == 3 ? fields[2] : "00")
        else { return nil }
        var calendar = tm()
        (calendar.tm_year, calendar.tm_mon, calendar.tm_mday) = (day.tm_year, day.tm_mon, day.tm_mday)
        (calendar.tm_hour, calendar.tm_min, calendar.tm_sec) = (Int32(hour), Int32(minute), Int32(second))
        // Whether it is summer then is for the system to find out.
        calendar.tm_isdst = -1
        let wanted = calendar.tm_mday
        let result = offset == nil ? mktime(&calendar) : timegm(&calendar)
        // The 31st of November is no day.
        guard calendar.tm_mday == wanted else { return nil }
        return UTCTime(nanoseconds: (Int64(result) - (offset ?? 0)) * 1_000_000_000 + fraction)
    }

    /// Whole seconds and nanoseconds.
    private static func seconds(_ text: Substring) -> (Int, Int64)? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = number(parts[0], 2), whole < 60 else { return nil }
        guard parts.count == 2 else { return (whole, 0) }
        let digits = parts[1].prefix(9)
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int64(digits) else {
            return nil
        }
        return (whole, number * (0..<(9 - digits.count)).reduce(1) { product, _ in product * 10 })
    }

    private static func number(_ text: Substring, _ digits: Int) -> Int? {
        guard text.count == digits, text.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return Int(text)
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import Glibc

/// When a film of another maker's camera begins, as its name says it.
enum FilmTime {
    /// The first time in a name: `cam1_20261121_102030.mp4`, `2026-11-21T10-20-30.mp4`.
    ///
    /// In the machine's time zone, unless there is a `Z` behind it.
    static func inName(_ name: String) -> UTCTime? {
        let forms =
            #/(?:^|[^0-9])((?:19|20)\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-_.T ]?(\d\d)[-_.:]?(\d\d)[-_.:]?(\d\d)(?:\.(\d{3}))?(?:(Z)|[^0-9]|$)/#
        guard name.utf8.count <= 255, let match = name.firstMatch(of: forms) else { return nil }
        func number(_ text: Substring) -> Int32 { Int32(text) ?? 0 }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (number(match.1) - 1900, number(match.2) - 1, number(match.3))
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (number(match.4), number(match.5), number(match.6))
        parts.tm_isdst = -1
        let asWritten = (parts.tm_mon, parts.tm_mday, parts.tm_min, parts.tm_sec)
        let seconds = match.8 == nil ? mktime(&parts) : timegm(&parts)
        // What is no date becomes another one.
        guard seconds > 0, asWritten == (parts.tm_mon, parts.tm_mday, parts.tm_min, parts.tm_sec) else { return nil }
        let milliseconds = match.7.map { Int64(number($0)) } ?? 0
        return UTCTime(nanoseconds: (Int64(seconds) * 1000 + milliseconds) * 1_000_000)
    }

    /// What a movie's header says, if that can be: many makers leave 1904, or the day their camera was made.
    static func inHeader(secondsSince1904 seconds: UInt64, before now: UTCTime) -> UTCTime? {
        let to1970: UInt64 = 2_082_844_800
        // 2005.
        let earliest = to1970 + 1_104_537_600
        guard seconds > earliest, seconds < to1970 + UInt64(Int32.max) * 2 else { return nil }
        let time = UTCTime(nanoseconds: Int64(seconds - to1970) * 1_000_000_000)
        return time < now + .seconds(86_400) ? time : nil
    }
}

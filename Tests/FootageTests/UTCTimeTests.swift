// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Footage

@Suite("UTC time")
struct UTCTimeTests {
    private static let texts: [(Int64, String)] = [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (999_999, "1970-01-01T00:00:00.000Z"),
        (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
        (1_795_256_400_123_999_999, "2026-11-21T10:20:00.123Z"),
        (1_798_761_599_999_000_000, "2026-12-31T23:59:59.999Z"),
        (4_102_444_800_000_000_000, "2100-01-01T00:00:00.000Z"),
    ]

    @Test("times read as RFC 3339 and as file names, milliseconds cut off", arguments: texts.indices)
    func text(row: Int) {
        let (nanoseconds, text) = Self.texts[row]
        let time = UTCTime(nanoseconds: nanoseconds)
        #expect(time.rfc3339 == text)
        #expect(time.fileName == text.replacing(":", with: "-"))
        #expect(time.date == text.prefix(10))
    }

    private static let second: Int64 = 1_000_000_000
    private static let boundaries: [(Int64, Duration, Int64)] = [
        (0, .seconds(600), 600 * second),
        (1, .seconds(600), 600 * second),
        (600 * second - 1, .seconds(600), 600 * second),
        (600 * second, .seconds(600), 1200 * second),
        (-1, .seconds(600), 0),
        (-600 * second, .seconds(600), 0),
        (1_500_000_000, .seconds(1), 2 * second),
        (90 * second, .milliseconds(2500), 92_500_000_000),
    ]

    @Test("the next boundary is a whole multiple on the clock, and later", arguments: boundaries.indices)
    func boundary(row: Int) {
        let (time, interval, next) = Self.boundaries[row]
        #expect(UTCTime(nanoseconds: time).nextBoundary(every: interval).nanoseconds == next)
    }

    @Test("a chunk lies in its camera's folder of the day")
    func name() {
        let name = ChunkName(camera: "front-door", start: UTCTime(nanoseconds: 1_795_256_400_123_999_999))
        #expect(name.path == "front-door/2026-11-21/front-door_2026-11-21T10-20-00.123Z.mp4")
        #expect(name.openFile == "front-door_2026-11-21T10-20-00.123Z.open.mp4")
    }
}

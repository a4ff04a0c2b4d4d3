// SPDX-License-Identifier: Apache-2.0

/// How much moved in a span, one value a step: of several seconds in a step the one with the most.
package struct MovementSeries: Equatable, Sendable {
    package let start: UTCTime
    /// Whole seconds.
    package let step: Int64
    /// As ``Movement`` has them; 0 where there is no footage.
    package private(set) var values: [UInt8]

    /// Nothing is known of the span yet.
    package init(of span: Range<UTCTime>, step: Int64) {
        (start, self.step) = (span.lowerBound, step)
        let seconds = (span.upperBound - span.lowerBound) / .seconds(1)
        values = Array(repeating: 0, count: Int((seconds / Double(step)).rounded(.up)))
    }

    /// Adds what is known of footage that begins at a time.
    package mutating func add(_ seconds: [UInt8], from time: UTCTime) {
        // A second belongs where its middle is.
        let offset = (time - start) / .seconds(1) + 0.5
        for (number, value) in seconds.enumerated() {
            let place = ((offset + Double(number)) / Double(step)).rounded(.down)
            guard place >= 0, place < Double(values.count) else { continue }
            values[Int(place)] = max(values[Int(place)], value)
        }
    }

    /// The first seconds of movements: where a value stands out of what was usual before, and none has for a while.
    ///
    /// Usual is what three quarters of the two minutes before reach: so a long movement stays one, and after it the next is
    /// found again. Of a series with a step of one second.
    package var beginnings: [UTCTime] {
        var counts = [Int](repeating: 0, count: 256)
        var known = 0
        var found: [UTCTime] = []
        var last: Int?
        for (second, value) in values.enumerated() {
            if second > Self.memory, values[second - Self.memory - 1] > 0 {
                counts[Int(values[second - Self.memory - 1])] -= 1
                known -= 1
            }
            guard value > 0 else { continue }
            if known >= Self.leastKnown, Int(value) >= Self.quartile(of: counts, known) + Self.rise {
                if last.map({ second - $0 > Self.pause }) ?? true { found.append(start + .seconds(second)) }
                last = second
            }
            counts[Int(value)] += 1
            known += 1
        }
        return found
    }

    /// What is looked back at, in seconds.
    package static let memory = 120
    /// With less, nobody knows what is usual: in seconds.
    private static let leastKnown = 10
    /// What comes sooner after a movement belongs to it: in seconds.
    private static let pause = 10
    /// Frames more than half as large again; 8 of 12 steps to the double.
    private static let rise = 8

    private static func quartile(of counts: [Int], _ known: Int) -> Int {
        var sum = 0
        for (value, count) in counts.enumerated() {
            sum += count
            if sum * 4 >= known { return value }
        }
        return 0
    }
}

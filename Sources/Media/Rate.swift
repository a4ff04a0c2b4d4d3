// SPDX-License-Identifier: Apache-2.0
package import GStreamer

/// How much of a feed flows now: over the last seconds.
package struct Rate: Sendable {
    private struct Mark: Sendable {
        let time: ClockTime
        let frames: Int
        let bytes: Int
    }

    private var marks: [Mark] = []
    private static let span = Duration.seconds(5)

    package init() {}

    package mutating func note(_ statistics: Feed.Statistics, at now: ClockTime) {
        marks.append(Mark(time: now, frames: statistics.frames, bytes: statistics.bytes))
        // One mark older than the span stays, so that the span is covered.
        while marks.count > 2, now - marks[1].time >= Self.span { marks.removeFirst() }
    }

    /// Frames a second.
    package var frames: Double { perSecond { Double($0.frames) } }

    /// Bits a second.
    package var bits: Double { perSecond { Double($0.bytes) * 8 } }

    private func perSecond(_ value: (Mark) -> Double) -> Double {
        guard let first = marks.first, let last = marks.last, last.time > first.time else { return 0 }
        return (value(last) - value(first)) / ((last.time - first.time) / .seconds(1))
    }
}

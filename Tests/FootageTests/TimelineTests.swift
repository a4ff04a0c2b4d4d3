// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Footage

@Suite("Timeline")
struct TimelineTests {
    private static func time(_ seconds: Int) -> UTCTime { UTCTime(nanoseconds: Int64(seconds) * 1_000_000_000) }

    private static func span(_ from: Int, _ to: Int) -> Range<UTCTime> { time(from)..<time(to) }

    private static func footage(_ from: Int, _ to: Int, isSynchronised: Bool = true) -> Timeline.Stretch {
        Timeline.Stretch(span(from, to), isSynchronised: isSynchronised)
    }

    private static func gap(_ from: Int, _ to: Int?, _ reason: Gap.Reason) -> Gap {
        Gap(camera: "till", start: time(from), end: to.map(time), reason: reason)
    }

    @Test("an empty span is missing, and nobody knows why")
    func nothing() {
        let timeline = Timeline(Self.span(0, 100), footage: [], gaps: [])
        #expect(timeline.entries == [.init(Self.span(0, 100), .missing(nil))])
        #expect(timeline.covered == .zero)
    }

    @Test("chunks side by side are one, overlapping ones too, and what lies between has its reason")
    func reasons() {
        let timeline = Timeline(
            Self.span(0, 100),
            footage: [Self.footage(10, 20), Self.footage(20, 30), Self.footage(25, 40), Self.footage(60, 80)],
            gaps: [Self.gap(40, 55, .network), Self.gap(80, nil, .stopped)]
        )
        #expect(
            timeline.entries == [
                .init(Self.span(0, 10), .missing(nil)), .init(Self.span(10, 40), .footage),
                .init(Self.span(40, 55), .missing(.network)), .init(Self.span(55, 60), .missing(nil)),
                .init(Self.span(60, 80), .footage), .init(Self.span(80, 100), .missing(.stopped)),
            ]
        )
        #expect(timeline.covered == .seconds(50))
    }

    @Test("a frame's length between two chunks is no gap")
    func seams() {
        let late = Self.time(20) + .milliseconds(40)
        let stretch = Timeline.Stretch(late..<Self.time(30), isSynchronised: true)
        let timeline = Timeline(Self.span(10, 30), footage: [Self.footage(10, 20), stretch], gaps: [])
        #expect(timeline.entries == [.init(Self.span(10, 30), .footage)])
    }

    @Test("footage of unknown time is shown as such, behind what is known")
    func unsynchronised() {
        let timeline = Timeline(
            Self.span(0, 40),
            footage: [Self.footage(0, 30, isSynchronised: false), Self.footage(10, 20)],
            gaps: []
        )
        #expect(
            timeline.entries == [
                .init(Self.span(0, 10), .unsynchronised), .init(Self.span(10, 20), .footage),
                .init(Self.span(20, 30), .unsynchronised), .init(Self.span(30, 40), .missing(nil)),
            ]
        )
    }

    /// What the timeline must say of one second, decided without it.
    private static func expected(at second: Int, _ footage: [Timeline.Stretch], _ gaps: [Gap]) -> Timeline.Content {
        let moment = time(second)
        if footage.contains(where: { $0.isSynchronised && $0.span.contains(moment) }) { return .footage }
        if footage.contains(where: { $0.span.contains(moment) }) { return .unsynchronised }
        let reason = gaps.sorted { $0.start < $1.start }.last { gap in
            gap.start <= moment && gap.end.map { moment < $0 } ?? true
        }
        return .missing(reason?.reason)
    }

    @Test("whatever overlaps whatever, every second has its one right answer", arguments: 1...200)
    func property(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let window = Self.span(20, 80)
        let footage = (0..<Int.random(in: 0...12, using: &random)).map { _ in
            let start = Int.random(in: 0...95, using: &random)
            let length = Int.random(in: 1...30, using: &random)
            return Self.footage(start, start + length, isSynchronised: Bool.random(using: &random))
        }
        // Distinct beginnings: of two that begin at once neither has the later word.
        let starts = Set(
            (0..<Int.random(in: 0...8, using: &random)).map { _ in Int.random(in: 0...95, using: &random) }
        )
        let gaps = starts.map { start in
            let end = Bool.random(using: &random) ? start + Int.random(in: 1...30, using: &random) : nil
            return Self.gap(start, end, Gap.Reason.allCases.randomElement(using: &random) ?? .network)
        }
        let timeline = Timeline(window, footage: footage.shuffled(using: &random), gaps: gaps.shuffled(using: &random))
        #expect(timeline.entries.first?.span.lowerBound == window.lowerBound)
        #expect(timeline.entries.last?.span.upperBound == window.upperBound)
        for (one, next) in zip(timeline.entries, timeline.entries.dropFirst()) {
            #expect(one.span.upperBound == next.span.lowerBound && one.content != next.content)
        }
        for second in 20..<80 {
            let found = timeline.entries.first { $0.span.contains(Self.time(second)) }?.content
            #expect(found == Self.expected(at: second, footage, gaps), "second \(second)")
        }
    }
}

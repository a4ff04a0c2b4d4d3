// SPDX-License-Identifier: Apache-2.0
import Footage
import GStreamer
import TestSupport
import Testing

@testable import Media

@Suite("Times")
struct TimeTests {
    private static let start = ClockTime(nanoseconds: 5_000_000_000_000)
    private static let frame = Duration.nanoseconds(33_333_333)

    @Test("media and wall time map to one another")
    func mediaClock() {
        let offset = 1_800_000_000_000_000_000 - Int64(Self.start.nanoseconds)
        let clock = RunClock.Mapping(offset: offset, state: .synchronised)
        let later = Self.start + .seconds(90)
        #expect(clock.wallTime(of: later).nanoseconds == 1_800_000_090_000_000_000)
        #expect(clock.mediaTime(of: clock.wallTime(of: later)) == later)
        let earlier = Self.start - .seconds(90)
        #expect(clock.wallTime(of: earlier).nanoseconds == 1_799_999_910_000_000_000)
    }

    @Test("without B-frames a frame is decoded when it is shown, whenever it arrived")
    func noReordering() throws {
        var times = FrameTimes(origin: .mediaClock)
        for index in 0..<100 {
            let shown = Self.start + Self.frame * index
            let arrival = shown + .milliseconds(index % 7 * 11)
            let given = times.next(presentation: shown, arrival: arrival)
            #expect(given == .init(presentation: shown, decode: shown))
        }
    }

    @Test("with B-frames decode times rise and presentation times stay")
    func reordering() throws {
        var times = FrameTimes(origin: .mediaClock)
        // I P B B P B B …, as they are sent.
        var order = [0]
        for group in 0..<30 { order += [3 * group + 3, 3 * group + 1, 3 * group + 2] }
        var last: ClockTime?
        for (place, index) in order.enumerated() {
            let shown = Self.start + Self.frame * index
            let arrival = Self.start + Self.frame * (place + 3)
            let next = times.next(presentation: shown, arrival: arrival)
            let given = try #require(next)
            #expect(given.presentation == shown)
            if let last { #expect(given.decode > last) }
            last = given.decode
        }
    }

    @Test("decode times rise whatever comes", arguments: 0..<20)
    func monotonic(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var times = FrameTimes(origin: .sender)
        var shown = Self.start
        var last: ClockTime?
        for index in 0..<500 {
            shown = shown + .milliseconds(Int.random(in: -80...160, using: &random))
            let arrival = Self.start + .milliseconds(40 * index + Int.random(in: 0...300, using: &random))
            let time = Int.random(in: 0..<10, using: &random) == 0 ? nil : shown
            guard let given = times.next(presentation: time, arrival: arrival) else { continue }
            if let last { #expect(given.decode > last, "seed \(seed), frame \(index)") }
            last = given.decode
        }
    }

    @Test("a source that jumps has begun anew", arguments: [-3600, -11, 11, 3600])
    func jump(seconds: Int) {
        var times = FrameTimes(origin: .mediaClock)
        let far = Self.start + .seconds(7200)
        #expect(times.next(presentation: far, arrival: far) != nil)
        let jumped = far + .seconds(seconds)
        #expect(times.next(presentation: jumped, arrival: far) == nil)
    }

    @Test("a local capture keeps its timestamps, late as its frames may come")
    func localCapture() {
        var drift = DriftCorrection(origin: .mediaClock)
        for index in 0..<3000 {
            let captured = Self.start + Self.frame * index
            #expect(drift.correct(captured, arrival: captured + .milliseconds(180)) == captured)
        }
    }

    @Test("a sender's first frame was captured when it arrived")
    func senderZero() {
        var drift = DriftCorrection(origin: .sender)
        #expect(drift.correct(ClockTime(nanoseconds: 12), arrival: Self.start) == Self.start)
    }

    @Test(
        "a camera whose crystal is off is held to our clock for a day, and its frames keep their spacing",
        arguments: [-100.0, -20, 0, 35, 100]
    )
    func drift(partsPerMillion: Double) throws {
        var random = SeededRandom(seed: 7)
        var correction = DriftCorrection(origin: .sender)
        var worst = Duration.zero
        var last: ClockTime?
        // Ten frames a second: what is seen of a day is the same, and it takes a third of the time.
        for index in 0..<(24 * 3600 * 10) {
            let real = Duration.milliseconds(100 * index)
            let sent = ClockTime(nanoseconds: 0) + real * (1 + partsPerMillion / 1e6)
            // Never less than 2 ms on the way, mostly little more, now and then a third of a second.
            let jitter = Int.random(in: 0..<50, using: &random) == 0 ? 300 : Int.random(in: 0...9, using: &random)
            let arrival = Self.start + real + .milliseconds(2 + (index == 0 ? 0 : jitter))
            let given = correction.correct(sent, arrival: arrival)
            if let last {
                let spacing = given - last
                #expect(spacing > .microseconds(99_880) && spacing < .microseconds(100_120))
            }
            last = given
            let error = given - (Self.start + real + .milliseconds(2))
            if index > 300 { worst = max(worst, max(error, .zero - error)) }
        }
        #expect(worst < .milliseconds(5), "off by \(worst)")
    }

    @Test("what waited for its reader bends no times, whatever its rhythm", arguments: [10, 15, 25, 30])
    func batches(framerate: Int) {
        var times = FrameTimes(origin: .sender)
        var last: ClockTime?
        for index in 0..<framerate * 300 {
            let sent = ClockTime(nanoseconds: UInt64(index) * 1_000_000_000 / UInt64(framerate))
            // From the sixtieth on they are read together, ten times a second, by a clock that is a little slow.
            let isPrompt = index < 60
            let read = Double(sent.nanoseconds) / 100_020_000
            let arrival = isPrompt ? sent : ClockTime(nanoseconds: UInt64(read.rounded(.up) * 100_020_000))
            let place = times.next(
                presentation: sent,
                arrival: arrival + .seconds(1000),
                isPrompt: isPrompt
            )
            guard let place else {
                Issue.record("the times do not go on at frame \(index)")
                return
            }
            if let last {
                let step = place.presentation - last
                #expect(abs(step / .seconds(1) * Double(framerate) - 1) < 0.000_001, "frame \(index)")
            }
            last = place.presentation
        }
    }
}

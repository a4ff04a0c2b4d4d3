// SPDX-License-Identifier: Apache-2.0
import GStreamer
import Testing

@testable import Transfer

@Suite("Rate of fetching")
struct FetchRateTests {
    private static func at(_ milliseconds: UInt64) -> ClockTime { ClockTime(nanoseconds: milliseconds * 1_000_000) }

    /// Looks every 50 ms for so long; `lateness` is asked what live video does at a rate.
    private func run(_ rate: inout FetchRate, seconds: Int, from start: UInt64 = 0, lateness: (Double) -> Duration) {
        for step in 0..<UInt64(seconds * 20) {
            let live = FetchRate.Live(lateness: lateness(rate.bytesPerSecond), silence: .milliseconds(20))
            rate.look(at: live, now: Self.at(start + step * 50))
        }
    }

    @Test("live video that comes late halves it; while it comes in time it grows again")
    func yields() {
        var rate = FetchRate(ceiling: nil)
        run(&rate, seconds: 20) { _ in .milliseconds(5) }
        let before = rate.bytesPerSecond
        #expect(before > 1_000_000)
        rate.look(at: .init(lateness: .milliseconds(200), silence: .zero), now: Self.at(20_000))
        #expect(rate.bytesPerSecond == before / 2)
        // What was sent before is still on its way: once is enough for half a second.
        rate.look(at: .init(lateness: .milliseconds(200), silence: .zero), now: Self.at(20_050))
        #expect(rate.bytesPerSecond == before / 2)
        rate.look(at: .init(lateness: .milliseconds(200), silence: .zero), now: Self.at(20_600))
        #expect(rate.bytesPerSecond == before / 4)
        run(&rate, seconds: 1, from: 20_650) { _ in .milliseconds(5) }
        #expect(rate.bytesPerSecond > before / 4)
    }

    @Test("on a link that leaves 150 kB a second it stays near that")
    func narrow() {
        var rate = FetchRate(ceiling: nil)
        var queued = 0.0
        var taken = 0.0
        run(&rate, seconds: 120) { bytesPerSecond in
            // The queue that builds up before the link, in seconds of it.
            queued = max(0, queued + (bytesPerSecond - 150_000) * 0.05)
            taken += bytesPerSecond * 0.05
            return .milliseconds(5) + .seconds(queued / 650_000)
        }
        let mean = taken / 120
        #expect(mean > 60_000 && mean < 155_000, "\(mean)")
    }

    @Test("a stream that stands still counts as late, one that is not there does not")
    func silent() {
        var rate = FetchRate(ceiling: nil)
        run(&rate, seconds: 5) { _ in .milliseconds(5) }
        let before = rate.bytesPerSecond
        rate.look(at: .init(lateness: .milliseconds(5), silence: .seconds(1)), now: Self.at(5_000))
        #expect(rate.bytesPerSecond == before / 2)
        rate.look(at: nil, now: Self.at(5_100))
        rate.look(at: nil, now: Self.at(6_100))
        #expect(rate.bytesPerSecond > before / 2 && rate.bytesPerSecond < before)
    }

    @Test("more than twice of what flows is not tried")
    func flowing() {
        var rate = FetchRate(ceiling: nil)
        for step in 0..<2000 as Range<UInt64> { rate.look(at: nil, flowing: 300_000, now: Self.at(step * 50)) }
        #expect(rate.bytesPerSecond == 600_000)
    }

    @Test("it never exceeds what is configured")
    func ceiling() {
        var rate = FetchRate(ceiling: 50_000)
        run(&rate, seconds: 60) { _ in .zero }
        #expect(rate.bytesPerSecond == 50_000)
        rate.look(at: nil, now: Self.at(60_000))
        #expect(rate.bytesPerSecond == 50_000)
    }
}

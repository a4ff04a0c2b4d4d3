// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import GStreamer
internal import Media

/// Holds what is fetched to a ``FetchRate``.
@MainLoop final class Pace {
    private var fetching: FetchRate
    private let feed: Feed
    /// When what was taken until now may have been taken.
    private var due = ClockTime.now
    private var lastLook = ClockTime(nanoseconds: 0)
    private var counted = (since: ClockTime.now, bytes: 0)
    /// In bytes a second, lately.
    private(set) var rate: Double?

    /// More is not made up for after a pause.
    private static let burst = Duration.milliseconds(100)

    init(_ fetching: FetchRate, feed: Feed) { (self.fetching, self.feed) = (fetching, feed) }

    /// Returns when so many bytes may be taken for received.
    func take(_ bytes: Int) async throws {
        count(bytes)
        look()
        due = max(due, .now - Self.burst) + .seconds(Double(bytes) / fetching.bytesPerSecond)
        while due > .now {
            // In steps, so that live video is looked at meanwhile.
            try await Task.sleep(for: min(due - .now, .milliseconds(50)))
            look()
        }
    }

    private func look() {
        let now = ClockTime.now
        guard now - lastLook > .milliseconds(40) else { return }
        lastLook = now
        let statistics = feed.statistics
        var live: FetchRate.Live?
        if feed.run != nil, let last = statistics.lastFrame {
            live = FetchRate.Live(lateness: statistics.lateness, silence: now - last)
        }
        fetching.look(at: live, flowing: rate, now: now)
    }

    private func count(_ bytes: Int) {
        counted.bytes += bytes
        let elapsed = ClockTime.now - counted.since
        guard elapsed > .seconds(1) else { return }
        rate = Double(counted.bytes) / (elapsed / .seconds(1))
        counted = (.now, 0)
    }
}

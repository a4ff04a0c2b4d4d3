// SPDX-License-Identifier: Apache-2.0
package import GStreamer

/// How fast to fetch from a camera's card, so that the camera's live video on the same network comes as if nothing else
/// did.
///
/// Live frames that come later than usual say that a queue is filling somewhere on the way: then half of it is taken back
/// at once, and won again little by little (as TCP's own additive increase and multiplicative decrease, RFC 5681, 3.1; by
/// delay rather than by loss, as in LEDBAT, RFC 6817, since a queue costs live video before a loss does).
package struct FetchRate: Equatable, Sendable {
    /// How live video came when it was looked at.
    package struct Live: Equatable, Sendable {
        /// By how much the newest frame came later than a frame without delay would have.
        package var lateness: Duration
        /// How long ago it came.
        package var silence: Duration

        package init(lateness: Duration, silence: Duration) { (self.lateness, self.silence) = (lateness, silence) }
    }

    /// The most, in bytes a second, as it is configured; `nil` for whatever live video leaves.
    private let ceiling: Double?
    /// In bytes a second.
    package private(set) var bytesPerSecond: Double
    /// The least lateness lately: what there is without us.
    private var usual: Duration?
    private var usualSince: ClockTime?
    private var lastStep: ClockTime?
    private var lastRetreat: ClockTime?

    /// So much later is a queue, not a busy moment.
    static let patience = Duration.milliseconds(80)
    /// A frame is due by then.
    static let longestSilence = Duration.milliseconds(400)
    private static let least = 8_000.0
    private static let first = 64_000.0
    private static let most = 125_000_000.0
    private static let memory = Duration.seconds(60)

    package init(ceiling: Double?) {
        self.ceiling = ceiling
        bytesPerSecond = min(Self.first, ceiling ?? Self.first)
    }

    /// Looks at live video, some times a second; `nil` while there is none, which may come back any moment.
    ///
    /// `flowing` is what comes of late, in bytes a second, if that is known: more than twice as much is not tried at once.
    package mutating func look(at live: Live?, flowing: Double? = nil, now: ClockTime) {
        let elapsed = lastStep.map { now - $0 } ?? .zero
        lastStep = now
        let live = live ?? Live(lateness: usual ?? .zero, silence: .zero)
        if usual.map({ live.lateness < $0 }) ?? true || usualSince.map({ now - $0 > Self.memory }) ?? true {
            (usual, usualSince) = (live.lateness, now)
        }
        let isLate = live.lateness - (usual ?? .zero) > Self.patience || live.silence > Self.longestSilence
        if isLate {
            // What was sent before the last step back is still on its way.
            guard lastRetreat.map({ now - $0 > .milliseconds(500) }) ?? true else { return }
            lastRetreat = now
            bytesPerSecond = max(bytesPerSecond / 2, Self.least)
        } else {
            let seconds = min(elapsed / .seconds(1), 1)
            bytesPerSecond += seconds * max(bytesPerSecond / 4, 8_000)
            let reach = flowing.map { max(2 * $0, Self.first) } ?? Self.most
            bytesPerSecond = min(bytesPerSecond, reach, ceiling ?? Self.most)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Footage

/// Whether a sender's own idea of the time can be believed (RFC 7273, `ts-refclk` in its session description).
///
/// RTCP sender reports tell when each frame was captured, by the sender's clock.
package enum SenderClock: Sendable {
    /// `ts-refclk:ntp=/traceable/`: a Martlet camera whose clock is synchronised says so.
    case synchronised
    /// `ts-refclk:local`: a Martlet camera that does not know the time.
    case unsynchronised
    /// It does not say; most cameras do not.
    case unknown

    /// From the value of `ts-refclk`; `nil` where there is none.
    package init(referenceClock: String?) {
        switch referenceClock {
        case .some(let text) where text.hasPrefix("ntp=") || text.hasPrefix("ptp=") || text.hasPrefix("gps"):
            self = .synchronised
        case .some(let text) where text.hasPrefix("local"): self = .unsynchronised
        default: self = .unknown
        }
    }

    /// Whether a frame that arrived at one time can have been captured at the other.
    ///
    /// A camera of another maker is believed when it agrees with our own clock: no frame arrives before it is captured, or
    /// long after.
    func isBelievable(capture: UTCTime, arrival: UTCTime) -> Bool {
        switch self {
        case .synchronised: true
        case .unsynchronised: false
        case .unknown: (Duration.milliseconds(-50)...Duration.seconds(2)).contains(arrival - capture)
        }
    }
}

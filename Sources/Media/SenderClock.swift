// SPDX-License-Identifier: Apache-2.0
internal import Footage

/// Whether a sender's own idea of the time can be believed: `a=martlet-clock:…` in its session description.
///
/// RTCP sender reports tell when each frame was captured, by the sender's clock.
package enum SenderClock: String, Sendable {
    /// A Martlet camera whose clock is synchronised.
    case synchronised
    /// A Martlet camera that does not know the time.
    case unsynchronised
    /// Any other camera: it does not say.
    case unknown

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

// SPDX-License-Identifier: Apache-2.0
package import GStreamer

/// What a source's timestamps count from.
package enum TimestampOrigin: Sendable {
    /// This process's media clock: a local capture.
    case mediaClock
    /// A clock of the sender's, from a zero of its own: a network stream.
    case sender
}

/// Holds a source's timestamps to this machine's clock without disturbing their spacing.
///
/// A receiver's timestamps are the camera's own, exact from frame to frame, but a camera's crystal is off by up to a
/// hundred parts in a million: seconds a day. The shortest delay between a frame's timestamp and its arrival within ten
/// seconds is free of the network's jitter; how it changes from window to window is the drift. It is taken back by at
/// most a thousandth of the time between two frames, which no player can see.
package struct DriftCorrection: Sendable {
    /// The shortest delay of a window is compared with that of the first.
    static let window = Duration.seconds(10)

    private var windowStart: ClockTime?
    private var shortest: Duration?
    private var reference: Duration?
    private var target = Duration.zero
    private var offset = Duration.zero
    private var last: ClockTime?
    private let origin: TimestampOrigin
    /// What lies between a sender's zero and ours.
    private var base: Duration?

    package init(origin: TimestampOrigin) { self.origin = origin }

    /// The corrected time for a frame that carries `sent` and arrived at `arrival`.
    ///
    /// Only by what is `isPrompt` the drift is known.
    package mutating func correct(_ sent: ClockTime, arrival: ClockTime, isPrompt: Bool = true) -> ClockTime {
        // A sender's first frame counts as captured when it arrived: nothing better is known yet. So does that of a capture
        // that is far from our clock, since it is not live and counts from zero.
        let delay = arrival - sent
        let isOurs = origin == .mediaClock && max(delay, .zero - delay) < FrameTimes.largestStep
        let base = base ?? (isOurs ? .zero : delay)
        self.base = base
        let time = sent + base
        if isPrompt { observe(arrival - time, at: arrival) }
        let step = last.map { time - $0 } ?? .zero
        last = time
        let most = max(step, .zero) / 1000
        offset += min(max(target - offset, .zero - most), most)
        return time + offset
    }

    private mutating func observe(_ delay: Duration, at arrival: ClockTime) {
        guard let start = windowStart else {
            (windowStart, shortest) = (arrival, delay)
            return
        }
        if arrival - start < Self.window {
            shortest = min(shortest ?? delay, delay)
            return
        }
        if let reference, let shortest { target = shortest - reference }
        if reference == nil { reference = shortest }
        (windowStart, shortest) = (arrival, delay)
    }
}

// SPDX-License-Identifier: Apache-2.0
package import GStreamer

/// Decides when a pipeline is started, given up and tried again.
///
/// A value: events in, actions out, time in the event.
///
/// *Running* means that frames flow, not that a state says so.
package struct Supervisor: Sendable {
    package enum State: Equatable, Sendable {
        case idle
        case starting(since: ClockTime)
        case running(since: ClockTime, lastFrame: ClockTime)
        case backingOff(until: ClockTime, cause: String)
        case stopped
    }

    package enum Event: Equatable, Sendable {
        case start
        /// Time passes; how many frames have come in all.
        case tick(frames: Int)
        case fault(String)
        case stop
    }

    package enum Action: Equatable, Sendable {
        case none
        case startPipeline
        /// Throw the pipeline away without waiting for it, and say why.
        case discardPipeline(cause: String, retryAfter: Duration)
        /// End the pipeline in good order.
        case finishPipeline
    }

    package struct Policy: Sendable {
        /// Without a frame for so long, a running pipeline has stalled.
        package var stallTimeout = Duration.seconds(5)
        /// Without a first frame for so long, a start has failed.
        package var startTimeout = Duration.seconds(10)
        /// The first delay; each further fault doubles it.
        package var firstDelay = Duration.milliseconds(500)
        /// The longest delay.
        ///
        /// A camera that is back is received again within five seconds, connecting included.
        package var longestDelay = Duration.seconds(4)
        /// After so long with frames the next fault is a first one again.
        package var recovery = Duration.seconds(60)

        package init() {}
    }

    package let policy: Policy
    package private(set) var state = State.idle
    /// Faults since the start.
    package private(set) var faults = 0
    private var faultsInARow = 0
    private var frames = 0

    package init(policy: Policy = Policy()) { self.policy = policy }

    /// Takes an event and says what is to be done.
    ///
    /// `jitter`, 0 … 1 and drawn anew by the caller, spreads the attempts of cameras that failed together.
    package mutating func handle(_ event: Event, at now: ClockTime, jitter: Double = 0.5) -> Action {
        switch (state, event) {
        case (.stopped, _): return .none
        case (_, .stop):
            let hasPipeline = hasPipeline
            state = .stopped
            return hasPipeline ? .finishPipeline : .none

        case (.idle, .start):
            state = .starting(since: now)
            return .startPipeline

        case (.starting(let since), .tick(let count)):
            if count != frames {
                frames = count
                state = .running(since: now, lastFrame: now)
                return .none
            }
            guard now - since >= policy.startTimeout else { return .none }
            return fail("no frame came within \(policy.startTimeout.inSeconds) after the start", now, jitter)

        case (.running(let since, let lastFrame), .tick(let count)):
            if count != frames {
                frames = count
                state = .running(since: since, lastFrame: now)
                if now - since >= policy.recovery { faultsInARow = 0 }
                return .none
            }
            guard now - lastFrame >= policy.stallTimeout else { return .none }
            return fail("no frame came for \(policy.stallTimeout.inSeconds)", now, jitter)

        case (.starting, .fault(let cause)), (.running, .fault(let cause)):
            return fail(cause, now, jitter)

        case (.backingOff(let until, _), .tick(let count)):
            frames = count
            guard now >= until else { return .none }
            state = .starting(since: now)
            return .startPipeline

        case (.idle, _), (.backingOff, _), (_, .start): return .none
        }
    }

    private var hasPipeline: Bool {
        switch state {
        case .starting, .running: true
        case .idle, .backingOff, .stopped: false
        }
    }

    private mutating func fail(_ cause: String, _ now: ClockTime, _ jitter: Double) -> Action {
        faults += 1
        faultsInARow += 1
        var delay = policy.firstDelay
        for _ in 1..<faultsInARow where delay < policy.longestDelay { delay *= 2 }
        delay = min(delay, policy.longestDelay) * (0.75 + 0.25 * jitter)
        state = .backingOff(until: now + delay, cause: cause)
        return .discardPipeline(cause: cause, retryAfter: delay)
    }
}

extension Duration {
    /// For people: `5 s`, `0.5 s`.
    package var inSeconds: String {
        let milliseconds = wholeNanoseconds / 1_000_000
        guard milliseconds % 1000 != 0 else { return "\(milliseconds / 1000) s" }
        let tenths = (milliseconds + 50) / 100
        return "\(tenths / 10).\(tenths % 10) s"
    }
}

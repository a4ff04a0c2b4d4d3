// SPDX-License-Identifier: Apache-2.0
package import GStreamer

/// Decides when a pipeline is started, given up and tried again, and when trying again is of no use any more.
///
/// A value: events in, actions out, time in the event.
///
/// *Running* means that frames flow from which a picture can be made, not that a state says so.
package struct Supervisor: Sendable {
    package enum State: Equatable, Sendable {
        case idle
        case starting(since: ClockTime)
        case running(since: ClockTime, lastFrame: ClockTime)
        case backingOff(until: ClockTime, cause: String)
        /// Pipelines that were given up still hang in a driver: another would hang as well, and each costs a thread.
        ///
        /// Goes on when one of them has let go.
        case stuck(since: ClockTime, cause: String)
        case stopped
    }

    package enum Event: Equatable, Sendable {
        case start
        /// Time passes; what has come in all.
        case tick(Feed.Statistics)
        case fault(String)
        /// Nobody looked for so long, since the process itself stood still: what did not come meanwhile is nobody's fault.
        case held(Duration)
        /// A pipeline that was given up has let go of its device or connection.
        case released
        /// What the pipeline is made of has changed.
        case reconfigured
        case stop
    }

    package enum Action: Equatable, Sendable {
        case none
        case startPipeline
        /// Throw the pipeline away without waiting for it, and say why.
        case discardPipeline(cause: String, retryAfter: Duration)
        /// The same, and more than a new pipeline is needed: the process, or the machine, should start anew.
        case escalate(cause: String, retryAfter: Duration)
        /// Throw the pipeline away, since another is to take its place at once: nothing is wrong.
        case replacePipeline
        /// End the pipeline in good order.
        case finishPipeline
    }

    package struct Policy: Sendable {
        /// Without a frame for so long, a running pipeline has stalled.
        package var stallTimeout = Duration.seconds(5)
        /// Without a first frame for so long, a start has failed; `nil` where somebody else decides when frames come.
        package var startTimeout: Duration? = .seconds(10)
        /// Frames without a keyframe for so long are no use: nothing can begin with them, and no chunk can be cut.
        ///
        /// The longest interval that cameras are sold with is half of it.
        package var keyframeTimeout = Duration.seconds(60)
        /// The first delay; each further fault doubles it.
        package var firstDelay = Duration.milliseconds(500)
        /// The longest delay.
        ///
        /// A camera that is back is received again within five seconds, connecting included.
        package var longestDelay = Duration.seconds(4)
        /// After so long with frames the next fault is a first one again.
        package var recovery = Duration.seconds(60)
        /// How long a new pipeline waits for the former to let go: a device has one owner at a time.
        package var releaseLimit = Duration.zero
        /// So many pipelines may hang before no more are started.
        package var hangLimit = 6
        /// After so many faults in a row more than a pipeline is needed; `nil` where that would help nobody, as with a
        /// camera that is elsewhere.
        package var escalationAfter: Int?

        package init() {}
    }

    package let policy: Policy
    package private(set) var state = State.idle
    /// Faults since the start.
    package private(set) var faults = 0
    /// The last fault: why, and when.
    package private(set) var lastFault: (cause: String, at: ClockTime)?
    private var faultsInARow = 0
    /// Whether frames have ever flowed: what never worked is not repaired by starting the process anew.
    private var hasRun: Bool
    /// Pipelines that were given up and have not let go yet.
    private var unreleased = 0
    /// The next start is allowed, however many hang.
    private var isPardoned = false
    private var seen = Feed.Statistics()
    private var lastKeyframe: ClockTime?

    /// `hasRun` says that frames flowed in an earlier process, since the machine started.
    package init(policy: Policy = Policy(), hasRun: Bool = false) { (self.policy, self.hasRun) = (policy, hasRun) }

    /// Takes an event and says what is to be done.
    ///
    /// `jitter`, 0 … 1 and drawn anew by the caller, spreads the attempts of cameras that failed together.
    package mutating func handle(_ event: Event, at now: ClockTime, jitter: Double = 0.5) -> Action {
        if event == .released { unreleased = max(0, unreleased - 1) }
        switch (state, event) {
        case (.stopped, _): return .none
        case (_, .stop):
            let hasPipeline = hasPipeline
            state = .stopped
            return hasPipeline ? .finishPipeline : .none

        case (.idle, .start): return start(now)

        case (.starting(let since), .tick(let statistics)):
            let hasFrames = statistics.frames != seen.frames
            if statistics.usable != seen.usable {
                seen = statistics
                (state, hasRun, lastKeyframe) = (.running(since: now, lastFrame: now), true, now)
                return .none
            }
            let limit = hasFrames ? policy.keyframeTimeout : policy.startTimeout
            guard let limit, now - since >= limit else { return .none }
            let cause = hasFrames ? noKeyframe : "no frame came within \(limit.inSeconds) after the start"
            return fail(cause, now, jitter)

        case (.running(let since, let lastFrame), .tick(let statistics)):
            if statistics.keyframes != seen.keyframes { lastKeyframe = now }
            if statistics.frames == seen.frames {
                guard now - lastFrame >= policy.stallTimeout else { return .none }
                return fail("no frame came for \(policy.stallTimeout.inSeconds)", now, jitter)
            }
            seen = statistics
            if let lastKeyframe, now - lastKeyframe >= policy.keyframeTimeout { return fail(noKeyframe, now, jitter) }
            state = .running(since: since, lastFrame: now)
            if now - since >= policy.recovery { faultsInARow = 0 }
            return .none

        case (.starting, .fault(let cause)), (.running, .fault(let cause)): return fail(cause, now, jitter)

        case (.starting(let since), .held(let pause)):
            state = .starting(since: since + pause)
            return .none
        case (.running(let since, let lastFrame), .held(let pause)):
            state = .running(since: since, lastFrame: lastFrame + pause)
            lastKeyframe = lastKeyframe.map { $0 + pause }
            return .none

        case (.backingOff(let until, let cause), .tick(let statistics)):
            seen = statistics
            guard now >= until else { return .none }
            if unreleased >= policy.hangLimit, !isPardoned {
                state = .stuck(since: now, cause: cause)
                return policy.escalationAfter == nil ? .none : .escalate(cause: cause, retryAfter: .zero)
            }
            return unreleased == 0 || now - until >= policy.releaseLimit ? start(now) : .none

        case (.stuck(_, let cause), .released):
            if unreleased < policy.hangLimit { state = .backingOff(until: now, cause: cause) }
            return .none

        case (.stuck(_, let cause), .reconfigured):
            // Another pipeline may hang in nothing: it is tried once.
            (state, isPardoned) = (.backingOff(until: now, cause: cause), true)
            return .none

        case (.starting, .reconfigured), (.running, .reconfigured):
            state = .backingOff(until: now, cause: "the configuration changed")
            faultsInARow = 0
            unreleased += 1
            return .replacePipeline
        case (.backingOff(_, let cause), .reconfigured):
            faultsInARow = 0
            state = .backingOff(until: now, cause: cause)
            return .none

        case (.idle, _), (.starting, _), (.running, _), (.backingOff, _), (.stuck, _): return .none
        }
    }

    private var noKeyframe: String {
        "frames come, but no keyframe for \(policy.keyframeTimeout.inSeconds): "
            + "set the camera to one every second or two"
    }

    private var hasPipeline: Bool {
        switch state {
        case .starting, .running: true
        case .idle, .backingOff, .stuck, .stopped: false
        }
    }

    private mutating func start(_ now: ClockTime) -> Action {
        isPardoned = false
        state = .starting(since: now)
        return .startPipeline
    }

    private mutating func fail(_ cause: String, _ now: ClockTime, _ jitter: Double) -> Action {
        faults += 1
        faultsInARow += 1
        unreleased += 1
        lastFault = (cause, now)
        var delay = policy.firstDelay
        for _ in 1..<faultsInARow where delay < policy.longestDelay { delay *= 2 }
        // Half of it by chance: a hundred cameras that were lost together do not come back at one moment.
        delay = min(delay, policy.longestDelay) * (0.5 + 0.5 * jitter)
        state = .backingOff(until: now + delay, cause: cause)
        if hasRun, let limit = policy.escalationAfter, faultsInARow % limit == 0 {
            return .escalate(cause: cause, retryAfter: delay)
        }
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

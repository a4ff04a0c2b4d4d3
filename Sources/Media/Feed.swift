// SPDX-License-Identifier: Apache-2.0
package import Footage
internal import GLib
package import GStreamer
internal import Synchronization

/// The live sequence of one camera's encoded access units inside a process.
///
/// One source fills it, on its streaming thread; any number of consumers drink from it, most of them through an `appsrc` of
/// their own pipelines. Nothing here waits: a consumer that cannot keep up loses frames up to the next keyframe, itself alone.
/// Frames go by reference, and what is done for each is a few comparisons and a push for each consumer, under one lock.
package final class Feed: Sendable {
    /// An unbroken sequence of frames: one connection, one format, one clock mapping.
    package struct Run: Sendable {
        /// Counts the feed's runs from 1.
        package let number: Int
        package let format: Caps
        /// A UUID, the same in every chunk of the run.
        package let identity: String
        package let clock: RunClock
        /// When its first frame was captured.
        package let start: ClockTime
    }

    /// Where a consumer begins.
    package enum Beginning: Sendable {
        /// With the next keyframe.
        case nextKeyframe
        /// With all that is kept, in true times: for a recorder at the beginning of a run, which must miss nothing.
        case beginningOfRun
        /// With whatever gives a player a picture soonest: a keyframe that the encoder is asked for, or the last one.
        case pictureAtOnce
    }

    /// What a consumer's loss of frames, or of the whole feed, means to it.
    package enum Role: Sendable {
        /// Ends with the run, and with the first frame that it would have to miss.
        case recorder
        /// Outlasts runs: a player waits for a camera to come back.
        case viewer
    }

    /// Why a run was over.
    package struct Ending: Equatable, Sendable {
        package let reason: Gap.Reason
        package let detail: String

        package init(_ reason: Gap.Reason, _ detail: String = "") { (self.reason, self.detail) = (reason, detail) }
    }

    /// What has come since the feed began.
    package struct Statistics: Equatable, Sendable {
        package var frames = 0
        package var keyframes = 0
        /// In bytes, as they came.
        package var bytes = 0
        /// Frames that came while no keyframe had begun a run yet, and were of no use.
        package var undecodable = 0
        /// Frames that a viewer was too slow to be given, counted for each.
        package var skipped = 0
        package var lastFrame: ClockTime?
        /// By how much the last frame came later than its time says, against the first of its run: what the network, or a
        /// queue on the way, added.
        package var lateness = Duration.zero
        package var lastKeyframe: ClockTime?

        package init() {}

        /// Frames of which a picture can be made.
        package var usable: Int { frames - undecodable }
    }

    package let camera: String
    package let wallClock: WallClock
    private let origin: TimestampOrigin
    private let state: Mutex<State>
    private let runContinuation: AsyncStream<Run>.Continuation

    /// The runs as they begin, the newest if nobody was looking; ends with the feed.
    ///
    /// For one reader, the recorder.
    package let runs: AsyncStream<Run>

    package init(camera: String, origin: TimestampOrigin, wallClock: WallClock = .system) {
        (self.camera, self.origin, self.wallClock) = (camera, origin, wallClock)
        (runs, runContinuation) = AsyncStream.makeStream(of: Run.self, bufferingPolicy: .bufferingNewest(1))
        state = Mutex(State(times: FrameTimes(origin: origin)))
    }

    private struct State: ~Copyable {
        var run: Run?
        /// The clocks when the run began.
        var reading: WallClock.Reading?
        var runCount = 0
        /// Why the last runs were over, by their numbers: a recorder asks when it has finished one.
        var endings: [(run: Int, ending: Ending)] = []
        var isFinished = false
        var times: FrameTimes
        var picture = SampleQueue()
        var consumers: [Consumer] = []
        var consumerCount = 0
        var statistics = Statistics()
        var keyframeRequest: (@Sendable () -> Void)?
        var lastRequest: ClockTime?
        var audienceChange: (@Sendable (Bool) -> Void)?
        var hasRecorder = false
        /// Why the run is to end with the next keyframe, which begins another.
        var renewal: Ending?
        /// The run has begun and its recorder has not come yet: nothing is forgotten until it has.
        var awaitsRecorder = false
        /// What waited, in bytes, for a recorder that this frame ended.
        var overflowed = 0
    }

    private struct Consumer {
        let number: Int
        let source: any FeedConsumer
        let role: Role
        let limit: Int
        var waitsForKeyframe: Bool
        /// It had to wait for one because it was too slow.
        var isLate = false
    }

    /// Kept of the last group of pictures at most; a longer one cannot be replayed.
    private static let pictureLimit = 32 << 20

    /// A player may begin so far behind without being late.
    private static let recent = Duration.milliseconds(200)

    /// Keyframes that are asked for go into the recording as well: many players that join ask for one a second at most.
    private static let requestInterval = Duration.seconds(1)

    // MARK: Filling

    /// Takes a frame from the source, on its streaming thread.
    ///
    /// `sender` says whether the sender's time of capture, where the frame carries one, is to be believed.
    package func push(_ sample: borrowing Sample, from sender: SenderClock = .unknown) {
        let arrival = ClockTime.now
        let (begun, overflowed) = state.withLock { state in
            state.overflowed = 0
            return (take(sample, arrival: arrival, sender: sender, &state), state.overflowed)
        }
        if let begun { runContinuation.yield(begun) }
        // Not under the lock: whoever reads the log may be slow.
        guard overflowed > 0 else { return }
        Log.warning(
            "frames came faster than the disk took them: \(overflowed >> 20) MB wait to be written; "
                + "recording goes on once they are",
            camera: camera
        )
    }

    /// Returns the run that the frame begins, if it begins one.
    private func take(
        _ sample: borrowing Sample,
        arrival: ClockTime,
        sender: SenderClock,
        _ state: inout State
    ) -> Run? {
        if state.isFinished { return nil }
        state.statistics.frames += 1
        state.statistics.bytes += sample.byteCount
        state.statistics.lastFrame = arrival
        if sample.isKeyframe {
            state.statistics.keyframes += 1
            state.statistics.lastKeyframe = arrival
        }
        if let run = state.run, !sample.hasCaps(run.format) { end(&state, Ending(.camera, "the format changed")) }
        // At keyframes alone, since a run can begin with nothing else.
        let reading = sample.isKeyframe ? wallClock.read() : nil
        if let then = state.reading, let reading, RunClock.hasChanged(reading, since: then) {
            end(&state, Ending(.clock, "the clock was set"))
        }
        if reading != nil, let ending = state.renewal {
            // The same connection goes on: its times are held to our clock as before.
            let times = state.times
            end(&state, ending)
            state.times = times
        }
        let isPrompt = sample.isPrompt
        var times = state.times.next(presentation: sample.presentationTime, arrival: arrival, isPrompt: isPrompt)
        if times == nil {
            end(&state, Ending(.camera, "the timestamps jumped"))
            times = state.times.next(presentation: sample.presentationTime, arrival: arrival, isPrompt: isPrompt)
        }
        guard let times else { return nil }
        state.statistics.lateness = arrival - times.presentation
        var begun: Run?
        if state.run == nil {
            guard let reading, let caps = sample.caps else {
                state.times = FrameTimes(origin: origin)
                state.statistics.undecodable += 1
                return nil
            }
            state.runCount += 1
            begun = Run(
                number: state.runCount,
                format: caps,
                identity: makeIdentity(),
                clock: RunClock(reading),
                start: times.presentation
            )
            (state.run, state.reading) = (begun, reading)
            state.awaitsRecorder = state.hasRecorder
        }
        guard let run = state.run else { return nil }
        let format = run.format
        if origin == .sender, sample.isKeyframe { learn(sample, presentation: times.presentation, sender, run) }
        // Encoders repeat their parameter sets in each keyframe; RTP receivers take them out. In a feed, as in an
        // MP4 file, they are part of the format alone, so that camera and store hold the same bytes.
        if sample.isKeyframe, let bare = sample.withoutParameterSets() {
            pass(bare.retimed(presentation: times.presentation, decode: times.decode, caps: format), &state)
        } else {
            pass(sample.retimed(presentation: times.presentation, decode: times.decode, caps: format), &state)
        }
        return begun
    }

    /// A sender report has told when a frame was captured: better than when it arrived.
    private func learn(_ sample: borrowing Sample, presentation: ClockTime, _ sender: SenderClock, _ run: Run) {
        guard run.clock.mapping.state != .captured, let capture = sample.captureTime else { return }
        let time = UTCTime(nanoseconds: capture)
        let arrival = run.clock.mapping.wallTime(of: .now)
        guard sender.isBelievable(capture: time, arrival: arrival) else { return }
        run.clock.learn(captureOf: Int64(bitPattern: presentation.nanoseconds), at: time)
    }

    /// How to ask the source's encoder for a keyframe; `nil` where nobody can be asked, as with a network stream.
    package func setKeyframeRequest(_ request: (@Sendable () -> Void)?) {
        state.withLock { $0.keyframeRequest = request }
    }

    /// Asks the source for a keyframe, where there is an encoder, and none has been asked for a moment ago.
    package func requestKeyframe() {
        let request = state.withLock { state -> (@Sendable () -> Void)? in
            guard let request = state.keyframeRequest, mayAsk(state) else { return nil }
            state.lastRequest = .now
            return request
        }
        request?()
    }

    /// Tells the source whether somebody watches, now and whenever that changes; under the feed's lock.
    package func setAudienceChange(_ change: (@Sendable (_ isWatched: Bool) -> Void)?) {
        state.withLock { state in
            state.audienceChange = change
            change?(isWatched(state))
        }
    }

    private func isWatched(_ state: borrowing State) -> Bool { state.consumers.contains { $0.role == .viewer } }

    /// Changes who drinks, and tells the source if it makes a difference to it.
    private func changeConsumers(_ state: inout State, _ change: (inout [Consumer]) -> Void) {
        let wasWatched = isWatched(state)
        change(&state.consumers)
        let isWatched = isWatched(state)
        if isWatched != wasWatched { state.audienceChange?(isWatched) }
    }

    /// Whether a recorder reads ``runs``: then what comes before it has made its pipeline is kept for it.
    package func expectRecorder(_ isExpected: Bool = true) { state.withLock { $0.hasRecorder = isExpected } }

    /// Has the next keyframe begin another run, whose recorder may have other settings: no frame is lost between the two.
    package func renewRun(_ ending: Ending) { state.withLock { if $0.run != nil { $0.renewal = ending } } }

    /// The source stopped or restarts: the run is over, recorders finish, and the next frame begins another.
    package func endRun(_ ending: Ending) { state.withLock { end(&$0, ending) } }

    /// Why a run was over; `nil` while it lasts, or if it was long ago.
    package func ending(of run: Int) -> Ending? {
        state.withLock { state in state.endings.last { $0.run == run }?.ending }
    }

    /// More runs than these are not being finished at a time.
    private static let endingLimit = 16

    /// Nothing follows, ever.
    package func finish() {
        state.withLock { state in
            end(&state, Ending(.stopped))
            state.isFinished = true
            for consumer in state.consumers { consumer.source.endOfStream() }
            changeConsumers(&state) { $0 = [] }
        }
        runContinuation.finish()
    }

    private func end(_ state: inout State, _ ending: Ending) {
        state.times = FrameTimes(origin: origin)
        state.picture.removeAll()
        state.renewal = nil
        guard let run = state.run else { return }
        state.endings.append((run.number, ending))
        if state.endings.count > Self.endingLimit { state.endings.removeFirst() }
        (state.run, state.reading) = (nil, nil)
        for consumer in state.consumers where consumer.role == .recorder { consumer.source.endOfStream() }
        state.consumers.removeAll { $0.role == .recorder }
        for index in state.consumers.indices { state.consumers[index].waitsForKeyframe = true }
    }

    private func pass(_ frame: borrowing Sample, _ state: inout State) {
        keep(frame, &state)
        distribute(frame, &state)
    }

    private func keep(_ frame: borrowing Sample, _ state: inout State) {
        if frame.isKeyframe {
            if !state.awaitsRecorder { state.picture.removeAll() }
        }
        if state.picture.byteCount > Self.pictureLimit {
            state.awaitsRecorder = false
            state.picture.removeAll()
        } else if frame.isKeyframe || !state.picture.isEmpty {
            state.picture.append(frame)
        }
    }

    private func distribute(_ frame: borrowing Sample, _ state: inout State) {
        var closed: [Int] = []
        for index in state.consumers.indices {
            if state.consumers[index].waitsForKeyframe {
                guard frame.isKeyframe else {
                    if state.consumers[index].isLate { state.statistics.skipped += 1 }
                    continue
                }
                (state.consumers[index].waitsForKeyframe, state.consumers[index].isLate) = (false, false)
            }
            let consumer = state.consumers[index]
            if consumer.source.queuedBytes > consumer.limit {
                if consumer.role == .recorder {
                    // A recording that missed frames would not say so: it ends, and the gap lies between two runs.
                    consumer.source.endOfStream()
                    closed.append(consumer.number)
                    state.overflowed = consumer.limit
                } else {
                    state.statistics.skipped += 1
                }
                (state.consumers[index].waitsForKeyframe, state.consumers[index].isLate) = (true, true)
            } else if consumer.source.push(frame) == .closed {
                closed.append(consumer.number)
            }
        }
        if !closed.isEmpty { changeConsumers(&state) { $0.removeAll { closed.contains($0.number) } } }
    }

    // MARK: Drinking

    /// A consumer's place in a feed, to be given back with ``Feed/unsubscribe(_:)``.
    package struct Subscription: Hashable, Sendable {
        fileprivate let number: Int
    }

    /// Feeds a consumer from now on, until it is unsubscribed or closed.
    ///
    /// When `limit` bytes wait there, a viewer loses frames up to the next keyframe, and a recorder ends. With
    /// `run`, only if that is the present one: otherwise the answer is `nil`.
    package func subscribe(
        _ source: any FeedConsumer,
        as role: Role,
        from beginning: Beginning,
        limit: Int,
        run: Int? = nil
    ) -> Subscription? {
        let (subscription, request) = state.withLock { state -> (Subscription?, (@Sendable () -> Void)?) in
            if let run, state.run?.number != run { return (nil, nil) }
            state.consumerCount += 1
            var consumer = Consumer(
                number: state.consumerCount,
                source: source,
                role: role,
                limit: limit,
                waitsForKeyframe: true
            )
            let request = beginning == .pictureAtOnce && mayAsk(state) ? state.keyframeRequest : nil
            if request != nil { state.lastRequest = .now }
            if role == .recorder { state.awaitsRecorder = false }
            if !state.picture.isEmpty, beginning != .nextKeyframe, request == nil {
                state.picture.withEach { _, frame in _ = source.push(frame) }
                consumer.waitsForKeyframe = false
            }
            changeConsumers(&state) { $0.append(consumer) }
            return (Subscription(number: consumer.number), request)
        }
        // Outside the lock: the encoder may answer on this very thread.
        request?()
        return subscription
    }

    private func mayAsk(_ state: borrowing State) -> Bool {
        let now = ClockTime.now
        if let last = state.statistics.lastKeyframe, now - last < Self.recent { return false }
        if let last = state.lastRequest, now - last < Self.requestInterval { return false }
        return true
    }

    package func unsubscribe(_ subscription: Subscription) {
        state.withLock { state in changeConsumers(&state) { $0.removeAll { $0.number == subscription.number } } }
    }

    // MARK: Looking

    /// The present run; `nil` while nothing flows.
    package var run: Run? { state.withLock { $0.run } }

    /// What this machine's clock is worth to those who receive the feed; `nil` for what others filmed.
    package var senderClock: SenderClock? {
        guard origin == .mediaClock else { return nil }
        return wallClock.read().isSynchronised ? .synchronised : .unsynchronised
    }

    package var statistics: Statistics { state.withLock { $0.statistics } }

    /// What waits in memory for consumers of a role, in bytes.
    package func queuedBytes(of role: Role) -> Int {
        state.withLock { state in state.consumers.reduce(0) { $1.role == role ? $0 + Int($1.source.queuedBytes) : $0 } }
    }

    /// How many consumers of a role there are.
    package func count(of role: Role) -> Int {
        state.withLock { state in state.consumers.count { $0.role == role } }
    }
}

// SPDX-License-Identifier: Apache-2.0
package import GLib
package import GStreamer
internal import Synchronization

/// Keeps a feed filled: starts its source's pipeline, watches that frames flow, and starts a new one when they do not.
@MainLoop package final class SourceRunner {
    private let feed: Feed
    private let escalate: @MainLoop (String) -> Void
    private let outage = OutageLog()
    private var source: any FeedSource
    private var supervisor: Supervisor
    private var pipeline: (any SourcePipeline)?
    private var gate: Gate?
    /// Pipelines made so far: what an earlier one still reports is not about the present one.
    private var generation = 0
    /// The last of them that reported an error.
    private var failed = 0
    private let events: AsyncStream<Event>
    private let post: AsyncStream<Event>.Continuation

    // Not events: a flood of others must not crowd them out.
    private var isStopRequested = false
    private var replacement: (any FeedSource)?
    private var released = 0

    private enum Event: Sendable {
        case supervision(Supervisor.Event)
        case message(BusMessage, generation: Int)
        /// What was wrong with a pipeline, in words.
        case fault(String, generation: Int)
    }

    /// Looks that are further apart than this are so because the process was stopped, or the machine asleep.
    private static let longestPause = Duration.seconds(3)
    /// How often it looks while frames come.
    private static let calm = Duration.seconds(1)

    /// How long the last frames of a source may take to come through when it is stopped.
    private static let finishLimit = Duration.seconds(2)

    /// Nothing runs before ``run()``.
    ///
    /// `escalate` is called with a cause when new pipelines do not help: whoever runs the process may start it anew.
    /// `hasRun` says that frames flowed in an earlier process, since the machine started.
    package nonisolated init(
        _ source: any FeedSource,
        feed: Feed,
        hasRun: Bool = false,
        escalate: @escaping @MainLoop (String) -> Void = { _ in }
    ) {
        (self.source, self.feed, self.escalate) = (source, feed, escalate)
        supervisor = Supervisor(policy: source.policy, hasRun: hasRun)
        (events, post) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingOldest(256))
    }

    package var state: Supervisor.State { supervisor.state }
    package var faults: Int { supervisor.faults }
    package var lastFault: (cause: String, at: ClockTime)? { supervisor.lastFault }
    /// What the source is to a user, such as `capture` or `receiver`.
    package var kind: String { source.kind }
    /// When this runner last looked after its pipeline: it does so each second.
    package private(set) var lastLook = ClockTime.now
    /// What flows now.
    package private(set) var rate = Rate()

    /// Runs until ``stop()``; the source has ended in good order when this returns.
    package func run() async {
        lastLook = .now
        let ticks = Task {
            while !Task.isCancelled {
                wake()
                // While frames come nothing can be wrong yet; all runners look at the same moments.
                let isFresh = isRunning && feed.statistics.lastFrame.map { .now - $0 < Self.calm } ?? false
                do { try await MainLoop.sleep(untilNext: isFresh ? Self.calm : .milliseconds(250)) } catch { return }
            }
        }
        defer { ticks.cancel() }
        await handle(.supervision(.start))
        for await event in events {
            if isStopRequested {
                await perform(supervisor.handle(.stop, at: .now))
                return
            }
            if let replacement {
                (source, self.replacement) = (replacement, nil)
                await handle(.supervision(.reconfigured))
            }
            while released > 0 {
                released -= 1
                await handle(.supervision(.released))
            }
            await handle(event)
        }
    }

    /// Asks for an end in good order.
    package func stop() {
        isStopRequested = true
        wake()
    }

    /// Fills the feed from another source from now on.
    ///
    /// The pipeline is kept where that takes no more than changing a property or two, unless its description is another.
    package func replace(with source: any FeedSource, hasNewDescription: Bool) {
        if let pipeline, replacement == nil, !hasNewDescription, self.source.adjust(pipeline, to: source) {
            self.source = source
            Log.notice("\(source.kind) goes on with other settings", camera: feed.camera)
            return
        }
        replacement = source
        wake()
    }

    private func wake() { post.yield(.supervision(.tick(feed.statistics))) }

    private func handle(_ event: Event) async {
        switch event {
        case .supervision(let event):
            if case .tick(let statistics) = event {
                let now = ClockTime.now
                let pause = now - lastLook
                if pause > Self.longestPause { _ = supervisor.handle(.held(pause), at: now) }
                lastLook = now
                rate.note(statistics, at: now)
            }
            let wasRunning = isRunning
            let action = supervisor.handle(event, at: .now, jitter: .random(in: 0...1))
            if !wasRunning, isRunning { announce() }
            await perform(action)
        case .message(let message, let generation):
            guard generation == self.generation else { return }
            switch message {
            case .error(let element, let text, let detail):
                // Of a flood the first is the cause. Not awaited: finding the words may take long, where names resolve slowly.
                guard failed != generation else { return }
                failed = generation
                Task { [source, post] in
                    let cause = await source.cause(source: element, text: text, detail: detail)
                    post.yield(.fault(cause.inOneLine, generation: generation))
                }
            case .endOfStream:
                // Behind an error it is the error's: its words are on their way.
                guard failed != generation else { return }
                await handle(.supervision(.fault("the stream ended")))
            case .warning(let source, let text, _):
                let words = "\(text) (\(source))".inOneLine
                if outage.isNews(words) { write(.warning, "\(self.source.kind): \(words)", cause: text) }
            case .latency: break
            }
        case .fault(let cause, let generation):
            guard generation == self.generation else { return }
            await handle(.supervision(.fault(cause)))
        }
    }

    /// Whether frames flow.
    package var isRunning: Bool {
        if case .running = supervisor.state { true } else { false }
    }

    private func perform(_ action: Supervisor.Action) async {
        switch action {
        case .none: break
        case .startPipeline: start()
        case .discardPipeline(let cause, let delay):
            discard(Feed.Ending(source.fault, cause))
            report(cause, delay)
        case .escalate(let cause, let delay):
            discard(Feed.Ending(source.fault, cause))
            report(cause, delay)
            escalate(cause)
        case .replacePipeline:
            Log.notice("\(source.kind) starts anew with other settings", camera: feed.camera)
            discard(Feed.Ending(.stopped, "the configuration changed"))
        case .finishPipeline: await finish()
        }
    }

    private func report(_ cause: String, _ delay: Duration) {
        let level = outage.level(of: cause)
        if case .stuck = supervisor.state {
            let count = supervisor.policy.hangLimit
            write(.error, "\(source.kind): \(count) pipelines hang and do not let go: \(cause)", cause: cause)
        } else {
            let next = delay > .zero ? "trying again in \(delay.inSeconds)" : "waiting for it to come back"
            write(level, "\(source.kind) stopped: \(cause); \(next)", cause: cause)
        }
    }

    private func announce() {
        outage.end()
        let format = feed.run?.format
        let size = format.flatMap { caps in
            caps.int("width").flatMap { width in caps.int("height").map { "\(width)×\($0)" } }
        }
        let codec = format.flatMap { VideoCodec(mediaType: $0.mediaType) }
        let words = [codec?.description, size].compactMap { $0 }.joined(separator: " ")
        write(.info, "\(source.kind) runs\(words.isEmpty ? "" : ": \(words)")")
    }

    private func write(_ level: Log.Level, _ text: String, cause: String? = nil) {
        let fields = [("PIPELINE", source.name)] + (cause.map { [("CAUSE", $0)] } ?? [])
        Log.write(level, text, camera: feed.camera, fields: fields)
    }

    private func start() {
        generation += 1
        let generation = generation
        let pipeline: any SourcePipeline
        do { pipeline = try source.makePipeline() } catch {
            post.yield(.supervision(.fault("\(error)")))
            return
        }
        self.pipeline = pipeline
        let gate = Gate()
        self.gate = gate
        pipeline.onFrame { [feed, source] sample in
            // Keyframes alone are dated by it.
            gate.pass(sample, from: sample.isKeyframe ? source.senderClock : .unknown, to: feed)
        }
        if source.hasEncoder { feed.setKeyframeRequest { [weak pipeline] in pipeline?.requestKeyframe() } }
        feed.setAudienceChange { [weak pipeline] isWatched in pipeline?.setWatched(isWatched) }
        let messages = pipeline.messages
        Task { [post] in
            for await message in messages { post.yield(.message(message, generation: generation)) }
        }
        // Not awaited: a driver or a server may take its time, and the watchdog decides how much it gets.
        Task { await pipeline.start() }
    }

    /// Lets go of a pipeline that failed.
    ///
    /// It is taken down on a thread of its own, and left there if it hangs.
    private func discard(_ ending: Feed.Ending) {
        generation += 1
        guard let pipeline else {
            released += 1
            return
        }
        self.pipeline = nil
        gate?.close()
        feed.setKeyframeRequest(nil)
        feed.setAudienceChange(nil)
        Task {
            await pipeline.stop()
            released += 1
            wake()
        }
        feed.endRun(ending)
    }

    /// Ends the source so that its last frames still come through.
    private func finish() async {
        guard let pipeline else { return }
        self.pipeline = nil
        let generation = generation
        pipeline.finish()
        let limit = Task { [post] in
            do { try await Task.sleep(for: Self.finishLimit) } catch { return }
            post.yield(.message(.endOfStream, generation: generation))
        }
        for await event in events {
            if case .message(.endOfStream, generation) = event { break }
            if case .message(.error, generation) = event { break }
        }
        limit.cancel()
        feed.setKeyframeRequest(nil)
        feed.setAudienceChange(nil)
        Task { await pipeline.stop() }
        feed.endRun(Feed.Ending(.stopped))
    }
}

extension String {
    /// What others say, such as a server: no longer than people read, and nothing that a terminal would obey.
    var inOneLine: String {
        let limit = 300
        let plain = unicodeScalars.lazy.map { $0.properties.generalCategory == .control ? " " : Character($0) }
        let text = String(plain.prefix(limit))
        return unicodeScalars.count > limit ? text + "…" : text
    }
}

/// Lets the frames of one pipeline into the feed until it is given up: it may hang, and come back when another has taken
/// its place.
private final class Gate: Sendable {
    private let isOpen = Mutex(true)

    func pass(_ sample: borrowing Sample, from sender: SenderClock, to feed: Feed) {
        isOpen.withLock { if $0 { feed.push(sample, from: sender) } }
    }

    /// No frame comes through any more when this returns.
    func close() { isOpen.withLock { $0 = false } }
}

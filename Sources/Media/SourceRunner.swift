// SPDX-License-Identifier: Apache-2.0
package import GLib
internal import GStreamer
internal import Synchronization

/// Keeps a feed filled: starts its source's pipeline, watches that frames flow, and starts a new one when they do not.
@MainLoop package final class SourceRunner {
    private let source: any FeedSource
    private let feed: Feed
    private var supervisor: Supervisor
    private var pipeline: Pipeline?
    private var gate: Gate?
    private var isStopRequested = false
    /// Pipelines made so far: what an earlier one still reports is not about the present one.
    private var generation = 0
    /// The last fault's cause, until frames flow again.
    private var lastCause: String?
    private let events: AsyncStream<Event>
    private let post: AsyncStream<Event>.Continuation

    private enum Event: Sendable {
        case supervision(Supervisor.Event)
        case message(BusMessage, generation: Int)
    }

    /// How long the last frames of a source may take to come through when it is stopped.
    private static let finishLimit = Duration.seconds(2)

    package nonisolated init(_ source: any FeedSource, feed: Feed, policy: Supervisor.Policy = .init()) {
        self.source = source
        self.feed = feed
        supervisor = Supervisor(policy: policy)
        (events, post) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingOldest(256))
    }

    package var state: Supervisor.State { supervisor.state }

    /// Runs until ``stop()``; the source has ended in good order when this returns.
    package func run() async {
        let ticks = Task { [post] in
            while !Task.isCancelled {
                post.yield(.supervision(.tick(frames: feed.statistics.frames)))
                do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
            }
        }
        defer { ticks.cancel() }
        await perform(supervisor.handle(.start, at: .now))
        for await event in events {
            // Not an event: a flood of others must not crowd it out.
            if isStopRequested {
                await perform(supervisor.handle(.stop, at: .now))
                return
            }
            await handle(event)
        }
    }

    /// Asks for an end in good order.
    package func stop() {
        isStopRequested = true
        post.yield(.supervision(.tick(frames: feed.statistics.frames)))
    }

    private func handle(_ event: Event) async {
        switch event {
        case .supervision(let event):
            let wasRunning = isRunning
            let action = supervisor.handle(event, at: .now, jitter: .random(in: 0...1))
            if !wasRunning, isRunning { announce() }
            await perform(action)
        case .message(let message, let generation):
            guard generation == self.generation else { return }
            switch message {
            case .error(let source, let text, let detail):
                let cause = self.source.cause(source: source, text: text, detail: detail)
                await perform(supervisor.handle(.fault(cause), at: .now, jitter: .random(in: 0...1)))
            case .endOfStream:
                await perform(supervisor.handle(.fault("the stream ended"), at: .now, jitter: .random(in: 0...1)))
            case .warning(let source, let text, _):
                Log.warning("\(self.source.kind): \(text) (\(source))", camera: feed.camera)
            case .latency: break
            }
        }
    }

    private var isRunning: Bool {
        if case .running = supervisor.state { true } else { false }
    }

    private func perform(_ action: Supervisor.Action) async {
        switch action {
        case .none: break
        case .startPipeline: start()
        case .discardPipeline(let cause, let delay):
            discard(Feed.Ending(source.fault, cause))
            // Said once: a camera may be away for a week.
            let level = cause == lastCause ? Log.Level.debug : .warning
            lastCause = cause
            Log.write(
                level,
                "\(source.kind) stopped: \(cause); trying again in \(delay.inSeconds)",
                camera: feed.camera
            )
        case .finishPipeline: await finish()
        }
    }

    private func announce() {
        lastCause = nil
        let format = feed.run?.format
        let size = format.flatMap { caps in
            caps.int("width").flatMap { width in caps.int("height").map { "\(width)×\($0)" } }
        }
        let codec = format.flatMap { VideoCodec(mediaType: $0.mediaType) }
        let words = [codec?.description, size].compactMap { $0 }.joined(separator: " ")
        Log.info("\(source.kind) runs\(words.isEmpty ? "" : ": \(words)")", camera: feed.camera)
    }

    private func start() {
        generation += 1
        let generation = generation
        let pipeline: Pipeline
        do { pipeline = try source.makePipeline() } catch {
            post.yield(.supervision(.fault("\(error)")))
            return
        }
        self.pipeline = pipeline
        if let sink = pipeline.appSink(named: "feed") {
            let gate = Gate()
            self.gate = gate
            sink.onSample { [feed, source] sample in
                // Keyframes alone are dated by it.
                gate.pass(sample, from: sample.isKeyframe ? source.senderClock : .unknown, to: feed)
            }
            if source.hasEncoder { feed.setKeyframeRequest { sink.requestKeyframe() } }
        }
        let messages = pipeline.bus.messages
        Task { [post] in
            for await message in messages { post.yield(.message(message, generation: generation)) }
        }
        // Not awaited: a driver or a server may take its time, and the watchdog decides how much it gets.
        Task { await pipeline.setState(.playing) }
    }

    /// Lets go of a pipeline that failed.
    ///
    /// It is taken down on a thread of its own, and left there if it hangs.
    private func discard(_ ending: Feed.Ending) {
        generation += 1
        guard let pipeline else { return }
        self.pipeline = nil
        gate?.close()
        feed.setKeyframeRequest(nil)
        Task { await pipeline.setState(.null) }
        feed.endRun(ending)
    }

    /// Ends the source so that its last frames still come through.
    private func finish() async {
        guard let pipeline else { return }
        self.pipeline = nil
        let generation = generation
        pipeline.sendEndOfStream()
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
        Task { await pipeline.setState(.null) }
        feed.endRun(Feed.Ending(.stopped))
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

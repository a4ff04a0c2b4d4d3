// SPDX-License-Identifier: Apache-2.0
package import Configuration
package import GLib
package import GStreamer
internal import Synchronization

/// Brings a feed to a store that cannot fetch it (RTSP `ANNOUNCE` and `RECORD`): `pipelines/serve/push.gst`.
///
/// What goes wrong here is tried again for ever, and costs nobody else anything.
@MainLoop package final class Publisher {
    /// Where to, and who the camera is there.
    package struct Settings: Equatable, Sendable {
        package let url: String
        package let user: String
        package let tokenFile: String
        /// Of the certificate that the store is to show.
        package let fingerprint: String?

        package init(_ push: Configuration.Push, camera: CameraName) {
            (url, user, tokenFile) = (push.url, camera.description, push.tokenFile)
            fingerprint = push.fingerprint
        }
    }

    package enum State: Equatable, Sendable {
        case off
        /// Since when it tries: to have frames, or to reach the store.
        case starting(since: ClockTime)
        case running(since: ClockTime)
        case backingOff(until: ClockTime, cause: String)
    }

    /// The pipeline description that it is made of.
    package nonisolated static let pipeline = "serve/push"

    private let feed: Feed
    private let library: PipelineLibrary
    private let settings: AsyncStream<Settings?>
    private let post: AsyncStream<Settings?>.Continuation
    private let outage = OutageLog()
    package private(set) var state = State.off
    package private(set) var url: String?
    package private(set) var lastFault: (cause: String, at: ClockTime)?

    /// Nothing is sent before ``run()``, and nothing without settings.
    package nonisolated init(feed: Feed, library: PipelineLibrary, settings: Settings?) {
        (self.feed, self.library) = (feed, library)
        (self.settings, post) = AsyncStream.makeStream(of: Settings?.self, bufferingPolicy: .bufferingNewest(1))
        post.yield(settings)
    }

    /// Brings it elsewhere from now on, or nowhere.
    package func configure(_ settings: Settings?) { post.yield(settings) }

    /// Runs until ``stop()``.
    package func run() async {
        var publishing: Task<Void, Never>?
        for await settings in settings {
            publishing?.cancel()
            await publishing?.value
            (url, state) = (settings?.url, .off)
            publishing = settings.map { settings in Task { await publish(to: settings) } }
        }
        publishing?.cancel()
        await publishing?.value
        state = .off
    }

    /// Asks for an end.
    package func stop() { post.finish() }

    // MARK: One store

    /// What a store may leave unread before frames up to the next keyframe are lost to it: eight seconds of 4 Mbit/s.
    private static let queueLimit = 4 << 20
    /// A store that takes nothing for so long is not there any more.
    private static let stallTimeout = Duration.seconds(5)
    /// Connecting and logging in may take so long.
    private static let startTimeout = Duration.seconds(10)
    /// So long without a fault, and the next one is a first one again.
    private static let recovery = Duration.seconds(60)

    private func publish(to settings: Settings) async {
        let policy = Supervisor.Policy()
        var delay = policy.firstDelay
        while !Task.isCancelled {
            guard let cause = await attempt(settings) else {
                // The video is another, or came to an end: what is next is not there at once.
                do { try await Task.sleep(for: policy.firstDelay) } catch { return }
                continue
            }
            if case .running(let since) = state, .now - since >= Self.recovery { delay = policy.firstDelay }
            // Half of it by chance: the cameras of a store that was away do not come back at one moment.
            let pause = delay * Double.random(in: 0.5...1)
            let next = "trying again in \(pause.inSeconds)"
            Log.write(
                outage.level(of: cause),
                "push stopped: \(cause); \(next)",
                camera: feed.camera,
                fields: [("PIPELINE", Self.pipeline), ("CAUSE", cause)]
            )
            lastFault = (cause, .now)
            state = .backingOff(until: .now + pause, cause: cause)
            delay = min(delay * 2, policy.longestDelay)
            do { try await Task.sleep(for: pause) } catch { return }
        }
    }

    private enum Event: Sendable {
        case message(BusMessage)
        case tick
    }

    /// Sends until something is wrong, and returns what; `nil` when it is to begin anew, or to end.
    private func attempt(_ settings: Settings) async -> String? {
        state = .starting(since: .now)
        guard let codec = await flowing() else { return nil }
        let pin = CertificatePin(settings.fingerprint)
        let sent = Counter()
        let pipeline: Pipeline
        let source: AppSource
        do {
            (pipeline, source) = try makePipeline(settings, pin)
            guard source.onBuffer(at: "src", { sent.add() }) else { return "an appsrc has no pad" }
        } catch {
            return "\(error)"
        }
        let (events, post) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(64))
        let reading = Task { for await message in pipeline.messages { post.yield(.message(message)) } }
        let ticking = Task {
            while !Task.isCancelled {
                post.yield(.tick)
                do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
            }
        }
        let subscription = feed.subscribe(source, as: .viewer, from: .nextKeyframe, limit: Self.queueLimit)
        defer {
            reading.cancel()
            ticking.cancel()
            if let subscription { feed.unsubscribe(subscription) }
            // Not awaited: a store that does not answer would keep us.
            Task { await pipeline.stop() }
        }
        Task { await pipeline.start() }
        var progress = (count: 0, at: ClockTime.now)
        for await event in events {
            switch event {
            case .message(.error(_, let text, let detail)): return await cause(text, detail, settings.url, pin)
            // The sink says no more than this, and goes on taking what nobody gets.
            case .message(.warning(_, _, let detail)) where detail.contains("closed the connection"):
                return "the store closed the connection, as it does when a token is revoked (\(settings.url))"
            case .message(.endOfStream): return nil
            case .message: break
            case .tick:
                // Another codec needs another announcement; without frames there is nothing to be wrong.
                if let run = feed.run, run.codec != codec { return nil }
                if sent.count != progress.count || source.queuedBytes == 0 { progress = (sent.count, .now) }
                noteRunning(sent.count)
                guard .now - progress.at >= (isRunning ? Self.stallTimeout : Self.startTimeout) else { continue }
                return "the store takes nothing (\(settings.url))"
            }
        }
        return nil
    }

    /// The first frame leaves for the payloader, the next ones when the store has agreed.
    private static let queuedBeforeRecord = 2

    private var isRunning: Bool { if case .running = state { true } else { false } }

    private func noteRunning(_ sent: Int) {
        guard !isRunning, sent > Self.queuedBeforeRecord else { return }
        state = .running(since: .now)
        outage.end()
        Log.info("push runs: \(url ?? "")", camera: feed.camera)
    }

    /// What flows, once something does; `nil` if this is to end.
    private func flowing() async -> VideoCodec? {
        while !Task.isCancelled {
            if let codec = feed.run?.codec { return codec }
            do { try await Task.sleep(for: .milliseconds(250)) } catch { return nil }
        }
        return nil
    }

    private func makePipeline(_ settings: Settings, _ pin: CertificatePin) throws -> (Pipeline, AppSource) {
        let description = try library.description(Self.pipeline)
        let pipeline = try description.makePipeline(with: Self.values(url: settings.url))
        guard let source = pipeline.appSource(named: "feed") else { throw description.missing("appsrc name=feed") }
        guard let sink = pipeline.element(named: "sink") else { throw description.missing("rtspclientsink name=sink") }
        try sink.set("user-id", to: settings.user)
        try sink.set("user-pw", to: Secret.read(settings.tokenFile))
        try pin.guardConnections(of: sink)
        sink.prepareToRecord { [feed] in feed.senderClock?.rawValue }
        return (pipeline, source)
    }

    /// What the placeholders of the description stand for.
    package nonisolated static func values(url: String) -> [String: String] { ["url": url] }

    private func cause(_ text: String, _ detail: String, _ url: String, _ pin: CertificatePin) async -> String {
        if let complaint = pin.complaint(url) { return complaint }
        if detail.hasPrefix("Failed to connect"), let words = await Reachability.trouble(url: url) { return words }
        return RTSPAnswer.sentence((detail.isEmpty ? text : detail).inOneLine, url, Self.meanings)
    }

    private static let meanings: [RTSPAnswer] = [
        .init("Unauthorized", "the store does not know this camera's token"),
        // Also what follows when the same token has been tried several times.
        .init("Not Found", "the store has no such camera: it needs a table with push = true"),
        .init("403", "the store refuses this camera's token: it is none of its own, or for something else"),
        .init("404", "the store has no such camera: it needs a table with push = true"),
        .init("405", "the store fetches this camera: it needs push = true in its table instead of 'url'"),
        .init("415", "the store cannot record this video"),
        .init("455", "another connection brings this camera's video to the store"),
        .init("503", "the store is not ready"),
    ]
}

/// Counts on a streaming thread what another thread reads.
private final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    func add() { value.add(1, ordering: .relaxed) }

    var count: Int { value.load(ordering: .relaxed) }
}

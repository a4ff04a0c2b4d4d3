// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import GStreamer
internal import Media
internal import Synchronization

/// A feed on its way to one browser over WebRTC: `pipelines/serve/webrtc.gst`.
///
/// It ends when the browser goes, and frees everything then.
final class WebRTCSession: Sendable {
    static let pipeline = "serve/webrtc"
    /// What a browser may leave unread before it loses frames up to the next keyframe, in bytes.
    private static let queueLimit = 2 << 20
    /// A browser that has not connected in so long does not come.
    private static let connectLimit = Duration.seconds(15)
    /// A network that is gone for so long takes the browser with it.
    private static let disconnectLimit = Duration.seconds(5)

    private let feed: Feed
    private let pipeline: Pipeline
    private let source: AppSource
    private let peer: WebRTCPeer
    private let subscription = Mutex<Feed.Subscription?>(nil)
    private let watch = Mutex<Task<Void, Never>?>(nil)
    private let hasEnded = Atomic<Bool>(false)

    /// - Throws: ``Problem`` if the offer has no H.264 to answer with.
    init(of feed: Feed, _ description: PipelineDescription, offer: String) throws {
        guard let payload = Self.payload(of: offer) else {
            throw Problem(415, "the offer has no H.264 video (packetization-mode=1)")
        }
        self.feed = feed
        // What is sent again names the source that it is of: that has to be known before anything is sent.
        let ssrc = String(UInt32.random(in: 1 ... .max))
        pipeline = try description.makePipeline(with: ["payload": payload, "ssrc": ssrc])
        guard let source = pipeline.appSource(named: "feed") else { throw description.missing("appsrc name=feed") }
        guard let peer = WebRTCPeer(pipeline, named: "webrtc") else {
            throw description.missing("webrtcbin name=webrtc")
        }
        (self.source, self.peer) = (source, peer)
        // A browser that lost something asks: its own, and everybody's, next frame is a keyframe.
        source.onKeyframeRequest { [feed] in feed.requestKeyframe() }
    }

    deinit { stop() }

    /// Whether it has ended.
    var isOver: Bool { hasEnded.load(ordering: .relaxed) }

    /// Answers the offer; `ended` is called once, when the browser has gone.
    func answer(_ offer: String, ended: @escaping @Sendable () -> Void) async throws -> String {
        let messages = pipeline.bus.messages
        let camera = feed.camera
        await pipeline.setState(.playing)
        let task = Task { [weak self, states = peer.states] in
            let trouble = await withTaskGroup(of: String?.self) { group in
                group.addTask {
                    for await message in messages {
                        if case .error(let element, let text, _) = message { return "\(text) (\(element))" }
                    }
                    return nil
                }
                group.addTask { [weak self] in
                    await Self.follow(states) { [weak self] in self?.start() }
                    return nil
                }
                defer { group.cancelAll() }
                return await group.next() ?? nil
            }
            if let trouble { Log.warning("WebRTC ended: \(trouble)", camera: camera) }
            self?.stop()
            ended()
        }
        watch.withLock { $0 = task }
        do { return try await peer.answer(offer) } catch let failure {
            stop()
            throw Problem(422, failure.description)
        }
    }

    /// Returns when the connection is over, or never came about.
    private static func follow(_ states: AsyncStream<WebRTCPeer.State>, connected: @escaping @Sendable () -> Void) async
    {
        let last = LastState()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await state in states {
                    last.note(state)
                    if state == .connected { connected() }
                    if state == .failed || state == .closed { return }
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    do { try await Task.sleep(for: .seconds(1)) } catch { return }
                    let (state, time) = last.value
                    switch state {
                    case .new, .connecting: if .now - time > connectLimit { return }
                    case .disconnected: if .now - time > disconnectLimit { return }
                    case .connected, .failed, .closed: break
                    }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Not before it is connected: the first picture would be lost.
    private func start() {
        let isFirst = subscription.withLock { place in
            guard place == nil, !hasEnded.load(ordering: .relaxed) else { return false }
            place = feed.subscribe(source, as: .viewer, from: .pictureAtOnce, limit: Self.queueLimit)
            return true
        }
        if isFirst { Log.info("WebRTC client joins", camera: feed.camera) }
    }

    func stop() {
        guard !hasEnded.exchange(true, ordering: .relaxed) else { return }
        let place = subscription.withLock { place in
            defer { place = nil }
            return place
        }
        if let place {
            feed.unsubscribe(place)
            Log.info("WebRTC client left", camera: feed.camera)
        }
        watch.withLock { $0 }?.cancel()
        Task { [pipeline] in await pipeline.setState(.null) }
    }

    /// The number that an offer gives to H.264 in several packets a frame (RFC 6184, 8.1).
    static func payload(of offer: String) -> String? {
        var h264: Set<Substring> = []
        var isVideo = false
        for line in offer.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("m=") { isVideo = line.hasPrefix("m=video ") }
            guard isVideo else { continue }
            if line.hasPrefix("a=rtpmap:"), line.uppercased().hasSuffix(" H264/90000") {
                h264.insert(line.dropFirst("a=rtpmap:".count).prefix { $0.isNumber })
            } else if line.hasPrefix("a=fmtp:"), line.contains("packetization-mode=1") {
                let number = line.dropFirst("a=fmtp:".count).prefix { $0.isNumber }
                // Dynamic ones alone (RFC 3551, 6).
                if h264.contains(number), let value = Int(number), (96...127).contains(value) { return String(value) }
            }
        }
        return nil
    }
}

/// How a connection is, and since when.
private final class LastState: Sendable {
    private let state = Mutex((state: WebRTCPeer.State.new, since: ClockTime.now))

    func note(_ new: WebRTCPeer.State) { state.withLock { $0 = (new, .now) } }

    var value: (state: WebRTCPeer.State, since: ClockTime) { state.withLock { $0 } }
}

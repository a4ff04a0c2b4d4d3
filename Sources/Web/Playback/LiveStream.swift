// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import GStreamer
internal import HTTP
internal import ISOBaseMedia
internal import Media
internal import Synchronization

/// A feed as one endless MP4 for one browser: `pipelines/serve/live.gst`.
///
/// Whoever does not take it fast enough is left, and may come again.
final class LiveStream: Sendable {
    static let pipeline = "serve/live"
    /// What a browser may leave unread before it loses frames up to the next keyframe, in bytes.
    private static let queueLimit = 4 << 20
    /// In parts, of which there are about ten a second.
    private static let partLimit = 64
    /// A feed that flows has a keyframe within this time.
    private static let patience = Duration.seconds(10)

    private let feed: Feed
    private let pipeline: Pipeline
    private let source: AppSource
    private let subscription = Mutex<Feed.Subscription?>(nil)
    private let hasEnded = Atomic<Bool>(false)
    private let parts: AsyncStream<[UInt8]>
    private let post: AsyncStream<[UInt8]>.Continuation

    /// - Throws: what is wrong with the description, in words for the user.
    init(of feed: Feed, _ description: PipelineDescription) throws {
        self.feed = feed
        pipeline = try description.makePipeline(with: [:])
        guard let source = pipeline.appSource(named: "feed") else { throw description.missing("appsrc name=feed") }
        guard let sink = pipeline.appSink(named: "media") else { throw description.missing("appsink name=media") }
        self.source = source
        let (parts, post) = AsyncStream.makeStream(
            of: [UInt8].self,
            bufferingPolicy: .bufferingOldest(Self.partLimit)
        )
        (self.parts, self.post) = (parts, post)
        sink.onSample { sample in
            // A part that is missing would spoil all that follow.
            if case .dropped = post.yield(sample.withBytes { Array($0) }) { post.finish() }
        }
        post.onTermination = { [weak self] _ in self?.stop() }
    }

    /// The response, once it is known what the video is; ends when the browser goes, or the feed's format changes.
    ///
    /// - Throws: ``Problem`` if nothing comes.
    func response() async throws(Problem) -> HTTPResponse {
        let messages = pipeline.bus.messages
        Task { [post, feed] in
            for await message in messages {
                if case .error(let element, let text, let detail) = message {
                    Log.warning("a live stream ended: \(text) (\(element): \(detail))", camera: feed.camera)
                    post.finish()
                }
                if message == .endOfStream { post.finish() }
            }
        }
        await pipeline.setState(.playing)
        let place = feed.subscribe(source, as: .viewer, from: .pictureAtOnce, limit: Self.queueLimit)
        subscription.withLock { $0 = place }
        let limit = Task { [post] in
            do { try await Task.sleep(for: Self.patience) } catch { return }
            post.finish()
        }
        defer { limit.cancel() }
        var iterator = parts.makeAsyncIterator()
        var head: [UInt8] = []
        while let part = await iterator.next() {
            head += part
            guard let type = Self.mimeType(in: head) else { continue }
            return HTTPResponse(
                200,
                [("Content-Type", "video/mp4"), ("Martlet-Mime", type), ("Cache-Control", "no-store")],
                body: .stream(Self.stream(head, then: parts, keeping: self))
            )
        }
        stop()
        throw Problem(503, "no video comes from '\(feed.camera)' now: try again in a moment", retryAfter: 2)
    }

    private static func stream(
        _ head: [UInt8],
        then parts: AsyncStream<[UInt8]>,
        keeping stream: LiveStream
    ) -> AsyncStream<[UInt8]> {
        let first = Mutex<[UInt8]?>(head)
        return AsyncStream {
            if let head = first.withLock({ head in
                defer { head = nil }
                return head
            }) {
                return head
            }
            for await part in parts { return part }
            return nil
        } onCancel: {
            stream.stop()
        }
    }

    deinit { stop() }

    /// Whether it has ended.
    var isOver: Bool { hasEnded.load(ordering: .relaxed) }

    func stop() {
        guard !hasEnded.exchange(true, ordering: .relaxed) else { return }
        let place = subscription.withLock { place in
            defer { place = nil }
            return place
        }
        if let place { feed.unsubscribe(place) }
        post.finish()
        Task { [pipeline] in await pipeline.setState(.null) }
    }

    /// What the video is, once the beginning that says it is there.
    private static func mimeType(in bytes: [UInt8]) -> String? {
        guard let name = bytes.firstRange(of: Array("stsd".utf8)), name.lowerBound >= 4 else { return nil }
        let start = name.lowerBound - 4
        let size = Int(bytes[start..<start + 4].reduce(0 as UInt32) { $0 << 8 | UInt32($1) })
        guard size >= 8, start + size <= bytes.count else { return nil }
        do throws(Malformed) {
            return try SampleDescription(Array(bytes[start..<start + size])).mimeType
        } catch {
            Log.warning("a live stream's description cannot be read: \(error)")
            return nil
        }
    }
}

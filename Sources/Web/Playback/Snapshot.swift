// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import GStreamer
internal import Media
internal import Synchronization

/// One picture as JPEG: `pipelines/serve/snapshot.gst`.
final class Snapshot: Sendable {
    static let pipeline = "serve/snapshot"
    /// A machine that is busy may take some seconds over it.
    private static let patience = Duration.seconds(15)

    private let pipeline: Pipeline
    private let source: AppSource
    private let pictures: AsyncStream<Result<[UInt8], Problem>>
    private let post: AsyncStream<Result<[UInt8], Problem>>.Continuation

    /// - Throws: ``Problem`` if an element is missing, with what to install.
    init(_ description: PipelineDescription, width: Int) throws {
        do throws(PipelineDescription.Mistake) {
            pipeline = try description.makePipeline(with: ["width": String(width)])
            guard let source = pipeline.appSource(named: "picture") else {
                throw description.missing("appsrc name=picture")
            }
            guard let sink = pipeline.appSink(named: "picture-out") else {
                throw description.missing("appsink name=picture-out")
            }
            self.source = source
            let (pictures, post) = AsyncStream.makeStream(
                of: Result<[UInt8], Problem>.self,
                bufferingPolicy: .bufferingOldest(1)
            )
            (self.pictures, self.post) = (pictures, post)
            sink.onSample { sample in post.yield(.success(sample.withBytes { Array($0) })) }
        } catch {
            throw Problem(503, "\(error)")
        }
    }

    /// Of a file with one frame.
    func picture(of file: [UInt8]) async throws -> [UInt8] {
        try await picture {
            _ = source.push(file)
            source.endOfStream()
        }
    }

    /// Of what a camera shows now.
    func picture(of feed: Feed, limit: Int) async throws -> [UInt8] {
        let place = Mutex<Feed.Subscription?>(nil)
        defer { if let place = place.withLock({ $0 }) { feed.unsubscribe(place) } }
        return try await picture {
            let subscription = feed.subscribe(source, as: .viewer, from: .pictureAtOnce, limit: limit)
            place.withLock { $0 = subscription }
        }
    }

    private func picture(_ feeding: () -> Void) async throws -> [UInt8] {
        let messages = pipeline.bus.messages
        let watch = Task { [post] in
            for await message in messages {
                switch message {
                case .error(_, let text, let detail): post.yield(.failure(Self.problem(text, detail)))
                // After the picture, if there is one.
                case .endOfStream: post.yield(.failure(Problem(503, "no picture can be made of this keyframe")))
                case .warning, .latency: break
                }
            }
        }
        let limit = Task { [post] in
            do { try await Task.sleep(for: Self.patience) } catch { return }
            post.yield(.failure(Problem(503, "this machine is too busy to make a picture", retryAfter: 5)))
        }
        defer {
            watch.cancel()
            limit.cancel()
            Task { [pipeline] in await pipeline.setState(.null) }
        }
        await pipeline.setState(.playing)
        feeding()
        for await picture in pictures { return try picture.get() }
        throw CancellationError()
    }

    private static func problem(_ text: String, _ detail: String) -> Problem {
        // GStreamer has no words of its own for which codec it was.
        if text.contains("missing a plug-in") || detail.contains("no suitable plugins found") {
            return Problem(503, "no decoder of this video is installed: 'apt install gstreamer1.0-libav'")
        }
        return Problem(503, "no picture can be made: \(text)")
    }
}

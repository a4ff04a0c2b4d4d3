// SPDX-License-Identifier: Apache-2.0
package import Footage
internal import GLib
package import GStreamer
internal import Synchronization

/// A stream that its camera brings (RTSP `ANNOUNCE` and `RECORD`), taken out of its packets, never decoded:
/// `pipelines/receive/record.gst`.
///
/// For cameras that the store cannot reach. One connection at a time brings it; whoever serves RTSP has asked already
/// whether it may.
package final class Ingest: FeedSource {
    package static let pipeline = "receive/record"
    package let kind = "push"
    package let name = Ingest.pipeline
    package let hasEncoder = false
    package let fault = Gap.Reason.network
    private let library: PipelineLibrary
    private let publication = Mutex<Publication?>(nil)

    /// Its description is read from the library at each attempt: a mistake in it is a fault like others.
    package init(library: PipelineLibrary) { self.library = library }

    package var policy: Supervisor.Policy {
        var policy = Supervisor.Policy()
        // The camera decides when it comes; nothing is gained by letting it wait.
        policy.startTimeout = nil
        (policy.firstDelay, policy.longestDelay) = (.zero, .zero)
        return policy
    }

    package var senderClock: SenderClock { publication.withLock { $0 }?.senderClock ?? .unknown }

    package func makePipeline() -> any SourcePipeline {
        let new = Publication()
        publication.withLock { $0 = new }
        return new
    }

    package func cause(source: String, text: String, detail: String) async -> String { text }

    /// What the placeholders of the description stand for.
    package static func values(codec: VideoCodec = .h264, stream: Int = 0) -> [String: String] {
        [
            "codec": codec.rawValue,
            "stream-format": codec == .h264 ? "avc" : "hvc1",
            "stream": String(stream),
        ]
    }

    // MARK: The camera's connection, on the server's threads

    /// Whether a connection may bring what it announces; if so it has the place until ``leave(_:)``.
    ///
    /// `cut` ends the connection.
    package func announce(
        _ announcement: SessionDescription,
        from connection: UInt,
        cut: @escaping @Sendable () -> Void
    ) -> RTSPStatus {
        guard announcement.streams.count <= Self.streamLimit else { return .badRequest }
        guard let video = Video(in: announcement) else { return .unsupportedMediaType }
        // Between two publications there is a moment without a place.
        guard let publication = publication.withLock({ $0 }) else { return .serviceUnavailable }
        return publication.claim(.init(connection: connection, senderClock: video.clock, cut: cut))
    }

    /// Depayloaders for all streams of an announcement; only the video's leads anywhere.
    package func makeBin(for announcement: SessionDescription) throws -> Bin {
        guard let video = Video(in: announcement) else { throw PropertyError(description: "there is no video in it") }
        let description = try library.description(name)
        let bin = try description.makeBin(with: Self.values(codec: video.codec, stream: video.index))
        guard bin.appSink(named: "feed") != nil else { throw description.missing("appsink name=feed") }
        guard bin.element(named: "depay\(video.index)") != nil else {
            throw description.missing("depay\(video.index)")
        }
        for index in announcement.streams.indices where index != video.index {
            try bin.addDrain(named: "depay\(index)")
        }
        return bin
    }

    /// What comes out of the bin fills the feed.
    package func join(_ bin: Bin, _ connection: UInt) {
        guard let publication = publication.withLock({ $0 }) else { return }
        bin.appSink(named: "feed")?.onSample { publication.take($0, from: connection) }
    }

    /// The connection has ended.
    package func leave(_ connection: UInt) { publication.withLock { $0 }?.leave(connection) }

    /// Each costs sockets and an RTP session.
    private static let streamLimit = 8

    /// The first video that can be recorded.
    private struct Video {
        let index: Int
        let codec: VideoCodec
        let clock: SenderClock

        init?(in announcement: SessionDescription) {
            for (index, stream) in announcement.streams.enumerated() where stream.media == "video" {
                guard let codec = VideoCodec(encodingName: stream.encodingName) else { continue }
                (self.index, self.codec) = (index, codec)
                clock = stream.attributes["martlet-clock"].flatMap(SenderClock.init) ?? .unknown
                return
            }
            return nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package import Configuration
package import Footage
internal import GLib
internal import GStreamer
internal import Synchronization

/// A camera's RTSP stream, received and taken out of its packets, never decoded: `pipelines/receive/rtsp.gst`.
package final class Receiver: FeedSource {
    package let kind = "receiver"
    package let hasEncoder = false
    package let fault = Gap.Reason.network
    /// Where the stream is, and how it is got.
    package struct Settings: Equatable, Sendable {
        package let url: String
        package let transport: Configuration.RemoteCamera.Transport
        package let user: String?
        package let passwordFile: String?
        /// Whether the password is a token that this machine was given, which nobody else is to learn.
        package let hasToken: Bool
        /// Of the certificate that the server is to show.
        package let fingerprint: String?

        /// `nil` for a camera that pushes.
        package init?(_ camera: Configuration.RemoteCamera) {
            guard let url = camera.url else { return nil }
            (self.url, transport) = (url, camera.transport)
            // One of ours knows its devices by the camera's name and a token.
            user = camera.user ?? camera.tokenFile.map { _ in camera.name.description }
            passwordFile = camera.passwordFile ?? camera.tokenFile
            hasToken = camera.user == nil && camera.tokenFile != nil
            fingerprint = camera.fingerprint
        }
    }

    package static let pipeline = "receive/rtsp"
    package let name = Receiver.pipeline
    private let library: PipelineLibrary
    private let settings: Settings
    private var url: String { settings.url }
    private var transport: Configuration.RemoteCamera.Transport { settings.transport }
    /// What the server offered at the last attempt: decides what the next one asks for.
    private let offer = Mutex(Offer())
    private let pin: CertificatePin

    private struct Offer {
        /// The codec that the pipeline is made for.
        var codec = VideoCodec.h264
        /// A stream was chosen in this attempt.
        var isChosen = false
        /// Video that the server has and that we cannot take, by its RTP encoding name.
        var refused: [String] = []
        var wanted: VideoCodec?
        /// What the camera says of its clock.
        var clock = SenderClock.unknown
        /// Where the server wanted us to go instead.
        var redirection: String?
    }

    package var senderClock: SenderClock { offer.withLock { $0.clock } }

    /// Its description is read from the library at each attempt: a mistake in it is a fault like others.
    package init(_ settings: Settings, library: PipelineLibrary) {
        (self.settings, self.library) = (settings, library)
        pin = CertificatePin(settings.fingerprint)
    }

    /// What the placeholders of a receive description stand for.
    package static func values(
        url: String,
        transport: Configuration.RemoteCamera.Transport,
        codec: VideoCodec = .h264
    ) -> [String: String] {
        [
            "url": url,
            "transport": transport.rawValue,
            "codec": codec.rawValue,
            "stream-format": codec == .h264 ? "avc" : "hvc1",
            // UDP packets overtake one another; over TCP there is nothing to wait for.
            "latency": transport == .udp ? "200" : "0",
        ]
    }

    package func makePipeline() throws -> any SourcePipeline {
        let description = try library.description(name)
        let codec = offer.withLock { offer in
            offer = Offer(codec: offer.wanted ?? offer.codec)
            return offer.codec
        }
        let pipeline = try description.makePipeline(with: Self.values(url: url, transport: transport, codec: codec))
        guard pipeline.appSink(named: "feed") != nil else { throw description.missing("appsink name=feed") }
        guard let source = pipeline.element(named: "source") else { throw description.missing("rtspsrc name=source") }
        if let user = settings.user, let passwordFile = settings.passwordFile {
            try source.set("user-id", to: user)
            try source.set("user-pw", to: Secret.read(passwordFile))
        }
        try pin.guardConnections(of: source)
        if settings.hasToken || settings.fingerprint != nil {
            let address = try ResourceAddress(parsing: url)
            // An IPv6 address has its brackets in a URL alone.
            let host = address.host.filter { !"[]".contains($0) }
            source.refuseRedirections(from: host, port: address.port) { [weak self] other in
                self?.offer.withLock { $0.redirection = other }
            }
        }
        source.connect("select-stream") { [weak self] arguments in self?.choose(arguments.caps(1)) ?? false }
        return pipeline
    }

    /// Whether to set up a stream that the server describes: the first video in the codec that the pipeline is made for.
    private func choose(_ caps: Caps?) -> Bool {
        guard let caps, caps.string("media") == "video", let name = caps.string("encoding-name") else { return false }
        return offer.withLock { offer in
            if offer.isChosen { return false }
            guard let codec = VideoCodec(encodingName: name) else {
                offer.refused.append(name)
                return false
            }
            offer.wanted = codec
            offer.clock = caps.string("a-martlet-clock").flatMap(SenderClock.init) ?? .unknown
            offer.isChosen = codec == offer.codec
            return offer.isChosen
        }
    }

    package func cause(source: String, text: String, detail: String) async -> String {
        if let complaint = pin.complaint(url) { return complaint }
        if let other = offer.withLock({ $0.redirection }) {
            return "the server sends to \(other.inOneLine), which the token or fingerprint is not for (\(url))"
        }
        let (isChosen, codec, wanted, refused) = offer.withLock { ($0.isChosen, $0.codec, $0.wanted, $0.refused) }
        if !isChosen, let wanted, wanted != codec { return "the camera sends \(wanted): receiving that instead" }
        if !isChosen, let first = refused.first {
            let name = first == "JPEG" ? "MJPEG" : first
            return "the camera sends \(name), which Martlet cannot record: set it to H.264 or H.265"
        }
        if isChosen, text.hasPrefix("No supported stream was found") {
            let other = transport == .tcp ? "udp" : "tcp"
            return "the server does not send over \(transport.rawValue): set transport = \"\(other)\" (\(url))"
        }
        if detail.hasPrefix("Failed to connect"), let words = await Reachability.trouble(url: url) { return words }
        return RTSPAnswer.sentence(detail.isEmpty ? text : detail, url, Self.meanings)
    }

    /// What GStreamer says of a server's answers (`gst_rtsp_strresult`, RFC 2326, 7.1.1), and what it means to a user.
    private static let meanings: [RTSPAnswer] = [
        .init("Unauthorized", "the server refuses user and password"),
        .init("Forbidden", "the server refuses this user"),
        .init("(404)", "the server has no such stream"),
        .init("(453)", "the server takes no more clients"),
        .init("(503)", "the server has no video at present"),
        .init("Timeout while waiting for server response", "the server does not answer"),
        .init("reason not-linked", "the camera began another RTP stream"),
        .init("Parse error", "what answers there is no RTSP server"),
    ]
}

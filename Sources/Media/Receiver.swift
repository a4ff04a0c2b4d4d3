// SPDX-License-Identifier: Apache-2.0
package import Configuration
package import Footage
internal import GLib
internal import GStreamer
internal import Synchronization

/// A camera's RTSP stream, received and taken out of its packets, never decoded.
///
/// Over TCP by an ``InterleavedReceiver``; by `rtspsrc`, as in `pipelines/receive/rtsp.gst`, over UDP, from servers that do
/// what the former does not, and wherever the user has a description of that name.
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
        /// Why it takes `rtspsrc`: what the server does that is not done without.
        var peculiarity: String?
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
        let (codec, peculiarity) = offer.withLock { offer in
            offer = Offer(codec: offer.wanted ?? offer.codec, peculiarity: offer.peculiarity)
            return (offer.codec, offer.peculiarity)
        }
        if peculiarity == nil, canBeInterleaved { return try makeInterleaved() }
        let description = try library.description(name)
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

    /// Whether `rtspsrc` can be done without, as far as that is known before the server is asked.
    private var canBeInterleaved: Bool {
        guard transport == .tcp, !library.hasUsers(name) else { return false }
        // Who vouches for a certificate, GStreamer asks itself.
        return url.hasPrefix("rtsp:") || url.hasPrefix("rtsps:") && settings.fingerprint != nil
    }

    private func makeInterleaved() throws -> InterleavedReceiver {
        var login: (user: String, password: String)?
        if let user = settings.user, let passwordFile = settings.passwordFile {
            login = (user, try Secret.read(passwordFile))
        }
        pin.forget()
        let settings = InterleavedReceiver.Settings(
            url: url,
            login: login,
            mayRedirect: !settings.hasToken && settings.fingerprint == nil,
            accepts: { [pin] in pin.accepts($0.fingerprint) }
        )
        return InterleavedReceiver(
            settings,
            choose: { [weak self] in self?.choose($0) },
            redirected: { [weak self] other in self?.offer.withLock { $0.redirection = other } },
            unsupported: { [weak self] what in self?.offer.withLock { $0.peculiarity = what } }
        )
    }

    /// The first video of a description that we can take; notes what it is, or why there is none.
    private func choose(_ description: SessionDescription) -> (stream: Int, codec: VideoCodec)? {
        offer.withLock { offer in
            for (index, stream) in description.streams.enumerated() where stream.media == "video" {
                guard let codec = VideoCodec(encodingName: stream.encodingName) else {
                    offer.refused.append(stream.encodingName)
                    continue
                }
                offer.clock = stream.attributes["martlet-clock"].flatMap(SenderClock.init) ?? .unknown
                (offer.isChosen, offer.codec, offer.wanted) = (true, codec, codec)
                return (index, codec)
            }
            return nil
        }
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
        if source == InterleavedReceiver.source {
            if let what = offer.withLock({ $0.peculiarity }) {
                return "the camera sends \(what): receiving it by rtspsrc"
            }
            if text == InterleavedReceiver.nothing, refused.isEmpty { return "the camera sends no video (\(url))" }
        }
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

// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib
internal import Glibc
internal import Synchronization

/// A client's talk with an RTSP server, over TCP or TLS (`GstRTSPConnection`).
///
/// Requests wait for their answers: they are for a thread of their own. Once the server sends media, ``read(into:)`` takes
/// all that comes, and never waits.
// GstRTSPConnection is talked through by one thread at a time, and read by one; `tls` is set before the first read.
package final class RTSPConversation: @unchecked Sendable {
    /// Why it cannot go on.
    package enum Failure: Error, Equatable, Sendable {
        /// Nobody is reached; GIO does not say why.
        case notConnected
        /// In GStreamer's words.
        case broken(String)
        /// No more is asked, since it was interrupted.
        case interrupted
    }

    package struct Answer: Sendable {
        package let status: Int
        /// The status in words, such as `Not Found (404)`.
        package let reason: String
        package let description: SessionDescription?
        fileprivate let headers: [String: String]

        /// A header by its name in lower case, all its values.
        package func header(_ name: String) -> String? { headers[name] }
    }

    package enum Method: Sendable {
        case options, describe, setup, play, getParameter, teardown

        fileprivate var value: GstRTSPMethod {
            switch self {
            case .options: GST_RTSP_OPTIONS
            case .describe: GST_RTSP_DESCRIBE
            case .setup: GST_RTSP_SETUP
            case .play: GST_RTSP_PLAY
            case .getParameter: GST_RTSP_GET_PARAMETER
            case .teardown: GST_RTSP_TEARDOWN
            }
        }
    }

    /// Of an answer, in bytes: descriptions have a few thousand.
    private static let bodyLimit: guint = 1 << 20

    private let connection: OpaquePointer
    private let userAgent: String
    private let login: (user: String, password: String)?
    private let timeout: gint64
    private let isInterrupted = Atomic<Bool>(false)
    /// Whether all of it goes over TLS.
    package let isEncrypted: Bool
    private var early: [UInt8] = []
    /// The stream that the media come through, if they come encrypted.
    private var tls: Object?

    /// Nothing is connected before ``connect()``.
    ///
    /// `accepts` is asked about the certificate of a server whose address is `rtsps://…`, whoever vouches for it. No answer is
    /// waited for longer than `timeout`. The URL's own user and password are used if there is no `login`.
    ///
    /// - Throws: ``Failure/broken(_:)`` for a URL that is none.
    package init(
        url: String,
        userAgent: String,
        login: (user: String, password: String)?,
        timeout: Duration,
        accepts: @escaping @Sendable (TLSCertificate) -> Bool
    ) throws(Failure) {
        var parsed: UnsafeMutablePointer<GstRTSPUrl>?
        guard gst_rtsp_url_parse(url, &parsed) == GST_RTSP_OK, let parsed else { throw .broken("no RTSP URL") }
        defer { gst_rtsp_url_free(parsed) }
        var made: OpaquePointer?
        let result = gst_rtsp_connection_create(parsed, &made)
        guard result == GST_RTSP_OK, let made else { throw .broken(Self.words(result)) }
        connection = made
        // A server may claim any length.
        gst_rtsp_connection_set_content_length_limit(made, Self.bodyLimit)
        self.userAgent = userAgent
        self.timeout = gint64(timeout.components.seconds * 1_000_000)
        isEncrypted = parsed.pointee.transports.rawValue & GST_RTSP_LOWER_TRANS_TLS.rawValue != 0
        if let login {
            self.login = login
        } else if let user = parsed.pointee.user, let password = parsed.pointee.passwd {
            self.login = (String(cString: user), String(cString: password))
        } else {
            self.login = nil
        }
        if isEncrypted { askAboutCertificates(accepts) }
    }

    deinit { gst_rtsp_connection_free(connection) }

    private final class Trust: Sendable {
        let accepts: @Sendable (TLSCertificate) -> Bool
        let stream = Mutex<Object?>(nil)

        init(_ accepts: @escaping @Sendable (TLSCertificate) -> Bool) { self.accepts = accepts }
    }

    private var trust: Trust?

    private func askAboutCertificates(_ accepts: @escaping @Sendable (TLSCertificate) -> Bool) {
        let trust = Trust(accepts)
        self.trust = trust
        // One that believes nobody: else a certificate that somebody vouches for would not be asked about.
        TLSDatabase().withPointer(as: GTlsDatabase.self) { gst_rtsp_connection_set_tls_database(connection, $0) }
        gst_rtsp_connection_set_accept_certificate_func(
            connection,
            { stream, certificate, _, data in
                guard let stream, let certificate, let data else { return 0 }
                let trust = Retained<Trust>.value(of: data)
                guard trust.accepts(TLSCertificate(shown: UnsafeMutableRawPointer(certificate))) else { return 0 }
                // `gst_rtsp_connection_get_tls` has none for a client.
                trust.stream.withLock { $0 = Object(retaining: UnsafeMutableRawPointer(stream)) }
                return 1
            },
            Retained(trust).toOpaque(),
            { data in if let data { Retained<Trust>.release(data) } }
        )
    }

    private static func words(_ result: GstRTSPResult) -> String {
        guard let text = gst_rtsp_strresult(result) else { return "unknown error" }
        defer { g_free(text) }
        return String(cString: text)
    }

    // MARK: Talking

    package func connect() throws(Failure) {
        guard gst_rtsp_connection_connect_usec(connection, timeout) == GST_RTSP_OK else {
            throw isInterrupted.load(ordering: .relaxed) ? .interrupted : .notConnected
        }
        tls = trust?.stream.withLock { $0 }
        // GIO would know a certificate again that it was not asked about.
        if isEncrypted, tls == nil { throw .broken("the certificate was not asked about") }
    }

    /// Asks, and waits for the answer; logs in if the server wants it.
    package func ask(_ method: Method, _ url: String, _ headers: [(String, String)] = []) throws(Failure) -> Answer {
        let first = try exchange(method, url, headers)
        guard first.answer.status == 401, let login, use(login, first.challenges) else { return first.answer }
        return try exchange(method, url, headers).answer
    }

    private func exchange(
        _ method: Method,
        _ url: String,
        _ headers: [(String, String)]
    ) throws(Failure) -> (answer: Answer, challenges: [Challenge]) {
        try send(method, url, headers)
        var message = GstRTSPMessage()
        defer { gst_rtsp_message_unset(&message) }
        while true {
            let result = gst_rtsp_connection_receive_usec(connection, &message, timeout)
            guard result == GST_RTSP_OK else { throw failure(result) }
            // Media may come before the answer that promises them, and servers may ask things themselves.
            if message.type == GST_RTSP_MESSAGE_RESPONSE { break }
            if message.type == GST_RTSP_MESSAGE_DATA { keep(&message) }
            gst_rtsp_message_unset(&message)
        }
        gst_rtsp_connection_reset_timeout(connection)
        return (Answer(&message), Challenge.all(in: &message))
    }

    private func keep(_ message: UnsafeMutablePointer<GstRTSPMessage>) {
        var (channel, data, size): (guint8, UnsafeMutablePointer<guint8>?, guint) = (0, nil, 0)
        // GStreamer puts a zero behind the data.
        guard gst_rtsp_message_parse_data(message, &channel) == GST_RTSP_OK,
            gst_rtsp_message_get_body(message, &data, &size) == GST_RTSP_OK, let data, size > 1,
            let length = UInt16(exactly: size - 1), early.count < Self.earlyLimit
        else { return }
        early += [UInt8(ascii: "$"), channel, UInt8(length >> 8), UInt8(length & 255)]
        early += UnsafeBufferPointer(start: data, count: Int(length))
    }

    /// Media that came before an answer, as they came (RFC 2326, 10.12); they are there once.
    package func takeEarly() -> [UInt8] {
        defer { early = [] }
        return early
    }

    /// Of a server that sends without having been asked to.
    private static let earlyLimit = 4 << 20

    private func send(_ method: Method, _ url: String, _ headers: [(String, String)]) throws(Failure) {
        if isInterrupted.load(ordering: .relaxed) { throw .interrupted }
        var message = GstRTSPMessage()
        defer { gst_rtsp_message_unset(&message) }
        guard gst_rtsp_message_init_request(&message, method.value, url) == GST_RTSP_OK else {
            throw .broken("no request for \(url)")
        }
        for (name, value) in [("User-Agent", userAgent)] + headers {
            gst_rtsp_message_add_header_by_name(&message, name, value)
        }
        let result = gst_rtsp_connection_send_usec(connection, &message, timeout)
        guard result == GST_RTSP_OK else { throw failure(result) }
    }

    private func failure(_ result: GstRTSPResult) -> Failure {
        isInterrupted.load(ordering: .relaxed) ? .interrupted : .broken(Self.words(result))
    }

    /// A request whose answer comes among the media, and is of no interest.
    package func tell(_ method: Method, _ url: String) throws(Failure) {
        try send(method, url, [])
        gst_rtsp_connection_reset_timeout(connection)
    }

    /// When the server has to hear from us, or it ends the session.
    package var untilKeepAlive: Duration { .microseconds(Int64(gst_rtsp_connection_next_timeout_usec(connection))) }

    /// Whoever waits for an answer gives up; nothing more is asked.
    ///
    /// On any thread.
    package func interrupt() {
        isInterrupted.store(true, ordering: .relaxed)
        gst_rtsp_connection_flush(connection, 1)
    }

    /// Hangs up.
    package func close() { gst_rtsp_connection_close(connection) }

    /// The challenge of an answer that came among the media: what is asked next proves anew who we are.
    ///
    /// - Returns: `false` if nobody knows how.
    package func renewLogin(_ head: String) -> Bool {
        guard let login else { return false }
        var message = GstRTSPMessage()
        defer { gst_rtsp_message_unset(&message) }
        gst_rtsp_message_init_response(&message, GST_RTSP_STS_UNAUTHORIZED, nil, nil)
        for line in head.split(whereSeparator: \.isNewline) where line.lowercased().hasPrefix("www-authenticate:") {
            let value = line.drop { $0 != ":" }.dropFirst().drop { $0 == " " }
            gst_rtsp_message_add_header_by_name(&message, "WWW-Authenticate", String(value))
        }
        return use(login, Challenge.all(in: &message))
    }

    /// The address of a stream, from what the description says of its control (RFC 2326, C.1.1).
    package static func address(of control: String?, below base: String) -> String {
        guard let control, !control.isEmpty, control != "*" else { return base }
        let lowercased = control.lowercased()
        if lowercased.hasPrefix("rtsp://") || lowercased.hasPrefix("rtsps://") { return control }
        return base.hasSuffix("/") || control.hasPrefix("/") ? base + control : "\(base)/\(control)"
    }

    /// The URL as it stands in requests: without user and password.
    package static func requestAddress(_ url: String) -> String {
        var parsed: UnsafeMutablePointer<GstRTSPUrl>?
        guard gst_rtsp_url_parse(url, &parsed) == GST_RTSP_OK, let parsed else { return url }
        defer { gst_rtsp_url_free(parsed) }
        guard let text = gst_rtsp_url_get_request_uri(parsed) else { return url }
        defer { g_free(text) }
        return String(cString: text)
    }

    // MARK: Logging in

    /// How a server wants us to say who we are (RFC 7617, RFC 7616).
    private struct Challenge {
        let scheme: GstRTSPAuthMethod
        let parameters: [(String, String)]

        static func all(in message: UnsafeMutablePointer<GstRTSPMessage>) -> [Challenge] {
            guard let list = gst_rtsp_message_parse_auth_credentials(message, GST_RTSP_HDR_WWW_AUTHENTICATE) else {
                return []
            }
            defer { gst_rtsp_auth_credentials_free(list) }
            var found: [Challenge] = []
            var next = list
            while let credential = next.pointee {
                var parameters: [(String, String)] = []
                var parameter = credential.pointee.params
                while let one = parameter?.pointee {
                    parameters.append((String(cString: one.pointee.name), String(cString: one.pointee.value)))
                    parameter = parameter?.advanced(by: 1)
                }
                found.append(Challenge(scheme: credential.pointee.scheme, parameters: parameters))
                next = next.advanced(by: 1)
            }
            return found
        }
    }

    /// Returns `false` if there is nothing among it that we know.
    private func use(_ login: (user: String, password: String), _ challenges: [Challenge]) -> Bool {
        let known = [GST_RTSP_AUTH_DIGEST, GST_RTSP_AUTH_BASIC]
        guard let scheme = known.first(where: { scheme in challenges.contains { $0.scheme == scheme } }),
            let challenge = challenges.first(where: { $0.scheme == scheme })
        else { return false }
        gst_rtsp_connection_clear_auth_params(connection)
        for (name, value) in challenge.parameters { gst_rtsp_connection_set_auth_param(connection, name, value) }
        return gst_rtsp_connection_set_auth(connection, scheme, login.user, login.password) == GST_RTSP_OK
    }

    // MARK: Reading

    package enum Reading: Equatable, Sendable {
        case bytes(Int)
        /// There is nothing at present.
        case nothing
        /// Why there will be no more.
        case ended(String)
    }

    /// Of the socket that everything comes through.
    package var descriptor: Int32 {
        gst_rtsp_connection_get_read_socket(connection).map { g_socket_get_fd($0) } ?? -1
    }

    /// Takes what has come, as it came, without waiting.
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Reading {
        if let tls { return readEncrypted(tls, into: buffer) }
        let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        if count > 0 { return .bytes(count) }
        if count == 0 { return .ended("the camera closed the connection") }
        if errno == EAGAIN || errno == EINTR { return .nothing }
        return .ended(String(cString: strerror(errno)))
    }

    private func readEncrypted(_ tls: Object, into buffer: UnsafeMutableRawBufferPointer) -> Reading {
        tls.withPointer(as: GIOStream.self) { stream in
            guard let input = g_io_stream_get_input_stream(stream) else { return .ended("there is no stream") }
            var error: UnsafeMutablePointer<GError>?
            let count = g_pollable_input_stream_read_nonblocking(
                OpaquePointer(input),
                buffer.baseAddress,
                gsize(buffer.count),
                nil,
                &error
            )
            if count > 0 { return .bytes(Int(count)) }
            if count == 0 { return .ended("the camera closed the connection") }
            let mustWait = g_error_matches(error, g_io_error_quark(), gint(G_IO_ERROR_WOULD_BLOCK.rawValue)) != 0
            let words = takeMessage(of: error)
            return mustWait ? .nothing : .ended(words)
        }
    }
}

extension RTSPConversation.Answer {
    fileprivate init(_ message: UnsafeMutablePointer<GstRTSPMessage>) {
        status = Int(message.pointee.type_data.response.code.rawValue)
        let text = message.pointee.type_data.response.reason.map { String(cString: $0) } ?? ""
        reason = "\(text) (\(status))"
        description = SessionDescription(message)
        let names = ["Content-Base", "Content-Location", "Location", "Public", "Transport"]
        var found: [String: String] = [:]
        for name in names {
            // GStreamer takes headers that may have several values apart.
            var values: [String] = []
            var value: UnsafeMutablePointer<gchar>?
            while gst_rtsp_message_get_header_by_name(message, name, &value, gint(values.count)) == GST_RTSP_OK,
                let value
            {
                values.append(String(cString: value))
            }
            if !values.isEmpty { found[name.lowercased()] = values.joined(separator: ", ") }
        }
        headers = found
    }
}

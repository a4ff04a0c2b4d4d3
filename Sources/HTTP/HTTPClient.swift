// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib
internal import GStreamer
internal import Glibc
internal import Synchronization

/// Asks one HTTP server (`SoupSession`), on the main loop.
///
/// What it is sent is bounded, and redirections are not followed: a token is for nobody else.
@MainLoop package final class HTTPClient {
    /// Why there is no answer, in words for the user.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        /// The status of an answer that was no success; `nil` if there was none.
        package let status: Int?
        /// How long the server wants to be left alone, in seconds.
        package let retryAfter: Int?

        package init(_ description: String, status: Int? = nil, retryAfter: Int? = nil) {
            (self.description, self.status, self.retryAfter) = (description, status, retryAfter)
        }
    }

    /// What is asked.
    package struct Request: Sendable {
        package var method = "GET"
        /// Behind the server's URL: `/api/v1/status`.
        package var path: String
        package var headers: [(name: String, value: String)] = []
        package var body: (type: String, bytes: [UInt8])?

        package init(_ path: String) { self.path = path }
    }

    /// What is answered.
    package struct Answer: Sendable {
        package let status: Int
        package let body: [UInt8]
        fileprivate let headers: [String: String]

        package func header(_ name: String) -> String? { headers[name.lowercased()] }
    }

    private let session: Object
    private let server: String
    private let fingerprint: String?
    /// Of a certificate that was not taken.
    private let refused = Mutex<String?>(nil)
    /// What a server does not answer in this time, in seconds, it does not answer.
    private static let timeout: guint = 20

    /// With a fingerprint the server's certificate must be that one; else somebody must vouch for it.
    ///
    /// `server` is a URL without a path.
    package init(server: String, fingerprint: String? = nil) {
        self.server = server.hasSuffix("/") ? String(server.dropLast()) : server
        self.fingerprint = fingerprint?.lowercased()
        session = Object(adopting: UnsafeMutableRawPointer(soup_session_new()))
        let pointer = session.pointer.assumingMemoryBound(to: SoupSession.self)
        soup_session_set_timeout(pointer, Self.timeout)
        // Whoever set a proxy for browsers did not mean the camera next door.
        soup_session_set_proxy_resolver(pointer, nil)
        guard fingerprint != nil else { return }
        TLSDatabase().withPointer(as: GTlsDatabase.self) { soup_session_set_tls_database(pointer, $0) }
    }

    /// Asks, and takes an answer of at most so many bytes.
    ///
    /// - Throws: ``Failure``, also for an answer that is no success.
    package func send(_ request: Request, limit: Int) async throws -> Answer {
        var body: [UInt8] = []
        let answer = try await stream(request) { part in
            body += part
            guard body.count <= limit else {
                throw Failure("the answer is larger than \(limit >> 10) KiB (\(server)\(request.path))")
            }
        }
        return Answer(status: answer.status, body: body, headers: answer.headers)
    }

    /// Asks, and hands out the body part by part; the server is held back while `part` takes its time.
    ///
    /// - Throws: ``Failure``, also for an answer that is no success, and what `part` throws.
    @discardableResult
    package func stream(_ request: Request, _ part: @MainLoop ([UInt8]) async throws -> Void) async throws -> Answer {
        let message = try message(request)
        let cancellable = Object(adopting: UnsafeMutableRawPointer(g_cancellable_new()))
        return try await withTaskCancellationHandler {
            // Whoever takes no more lets go of the connection too.
            defer { Self.cancel(cancellable) }
            let stream = try await open(message, cancellable, request)
            let pointer = OpaquePointer(message.pointer)
            let status = Int(soup_message_get_status(pointer).rawValue)
            let headers = Self.headers(of: pointer)
            guard (200..<300).contains(status) else {
                let words = try await Self.all(of: stream, cancellable, limit: 4096)
                throw failure(status, headers, words, request)
            }
            while let bytes = try await Self.read(stream, cancellable) { try await part(bytes) }
            return Answer(status: status, body: [], headers: headers)
        } onCancel: {
            Self.cancel(cancellable)
        }
    }

    private func message(_ request: Request) throws(Failure) -> Object {
        guard let created = soup_message_new(request.method, server + request.path) else {
            throw Failure("'\(server)' is no URL that can be asked")
        }
        let message = Object(adopting: UnsafeMutableRawPointer(created))
        let headers = soup_message_get_request_headers(created)
        for (name, value) in request.headers { soup_message_headers_append(headers, name, value) }
        if let body = request.body {
            let bytes = g_bytes_new(body.bytes, gsize(body.bytes.count))
            soup_message_set_request_body_from_bytes(created, body.type, bytes)
            g_bytes_unref(bytes)
        }
        soup_message_set_flags(created, SOUP_MESSAGE_NO_REDIRECT)
        refused.withLock { $0 = nil }
        message.connect("accept-certificate") { [weak self] arguments in
            arguments.certificate(0).flatMap { self?.accepts($0.fingerprint) } ?? false
        }
        message.connect("network-event") { arguments in
            if let stream = arguments.object(1) { Self.keepShort(stream) }
            return nil
        }
        return message
    }

    /// Little is on its way that was not asked to hurry: it would stand before live video in every router's queue.
    private nonisolated static func keepShort(_ stream: UnsafeMutableRawPointer) {
        guard
            g_type_check_instance_is_a(
                stream.assumingMemoryBound(to: GTypeInstance.self),
                g_socket_connection_get_type()
            ) != 0
        else { return }
        let socket = g_socket_connection_get_socket(stream.assumingMemoryBound(to: GSocketConnection.self))
        g_socket_set_option(socket, SOL_SOCKET, SO_RCVBUF, receiveBuffer, nil)
    }

    /// In bytes: at 10 ms round trip 6 MB/s.
    private nonisolated static let receiveBuffer: gint = 64 << 10

    private nonisolated func accepts(_ found: String) -> Bool {
        if found == fingerprint { return true }
        refused.withLock { $0 = found }
        return false
    }

    private func failure(_ status: Int, _ headers: [String: String], _ body: [UInt8], _ request: Request) -> Failure {
        // RFC 9457: what is wrong is in the body, in words.
        let text = String(decoding: body, as: UTF8.self)
        let detail = text.firstMatch(of: #/"detail":"([^"]*)"/#).map { ": \($0.1)" } ?? ""
        return Failure(
            "\(server) answers \(status) to \(request.method) \(request.path.prefix { $0 != "?" })\(detail)",
            status: status,
            retryAfter: headers["retry-after"].flatMap { Int($0) }
        )
    }

    private func words(_ text: String) -> String {
        guard let found = refused.withLock({ $0 }) else { return "\(text) (\(server))" }
        return fingerprint == nil
            ? "nobody vouches for the server's certificate: if it is the right one, set fingerprint = \"\(found)\" (\(server))"
            : "the server shows another certificate than 'fingerprint' says: \(found) (\(server))"
    }

    private static func headers(of message: OpaquePointer) -> [String: String] {
        let list = soup_message_get_response_headers(message)
        var headers: [String: String] = [:]
        for name in ["content-type", "content-length", "retry-after", "martlet-bytes", "martlet-next"] {
            if let value = soup_message_headers_get_one(list, name) { headers[name] = String(cString: value) }
        }
        return headers
    }

    // MARK: GIO's asynchronous calls

    private nonisolated static func cancel(_ cancellable: Object) {
        // GCancellable locks itself.
        cancellable.withPointer(as: GCancellable.self) { g_cancellable_cancel($0) }
    }

    private typealias Opened = @Sendable (Result<Object, Failure>) -> Void
    private typealias Part = @Sendable (Result<[UInt8]?, Failure>) -> Void

    private func open(_ message: Object, _ cancellable: Object, _ request: Request) async throws -> Object {
        let opened: Result<Object, Failure> = await withCheckedContinuation { done in
            let opened: Opened = { done.resume(returning: $0) }
            let (session, token) = (session.pointer, cancellable.pointer)
            soup_session_send_async(
                session.assumingMemoryBound(to: SoupSession.self),
                OpaquePointer(message.pointer),
                G_PRIORITY_DEFAULT,
                token.assumingMemoryBound(to: GCancellable.self),
                { source, result, data in
                    guard let source, let data else { return }
                    let opened = Retained<Opened>.value(of: data)
                    Retained<Opened>.release(data)
                    var error: UnsafeMutablePointer<GError>?
                    let session = UnsafeMutableRawPointer(source).assumingMemoryBound(to: SoupSession.self)
                    guard let stream = soup_session_send_finish(session, result, &error) else {
                        opened(.failure(Failure(takeMessage(of: error))))
                        return
                    }
                    opened(.success(Object(adopting: UnsafeMutableRawPointer(stream))))
                },
                Retained<Opened>(opened).toOpaque()
            )
        }
        switch opened {
        case .success(let stream): return stream
        case .failure(let failure):
            try Task.checkCancellation()
            throw Failure(words(failure.description))
        }
    }

    /// Read at once.
    private static let partSize: gsize = 64 << 10

    /// The next part; `nil` at the end.
    private static func read(_ stream: Object, _ cancellable: Object) async throws -> [UInt8]? {
        let part: Result<[UInt8]?, Failure> = await withCheckedContinuation { done in
            let read: Part = { done.resume(returning: $0) }
            g_input_stream_read_bytes_async(
                stream.pointer.assumingMemoryBound(to: GInputStream.self),
                partSize,
                G_PRIORITY_DEFAULT,
                cancellable.pointer.assumingMemoryBound(to: GCancellable.self),
                { source, result, data in
                    guard let source, let data else { return }
                    let read = Retained<Part>.value(of: data)
                    Retained<Part>.release(data)
                    var error: UnsafeMutablePointer<GError>?
                    let stream = UnsafeMutableRawPointer(source).assumingMemoryBound(to: GInputStream.self)
                    guard let bytes = g_input_stream_read_bytes_finish(stream, result, &error) else {
                        read(.failure(Failure(takeMessage(of: error))))
                        return
                    }
                    defer { g_bytes_unref(bytes) }
                    var count: gsize = 0
                    let content = g_bytes_get_data(bytes, &count)
                    read(.success(count > 0 ? Array(UnsafeRawBufferPointer(start: content, count: Int(count))) : nil))
                },
                Retained<Part>(read).toOpaque()
            )
        }
        try Task.checkCancellation()
        return try part.get()
    }

    private static func all(of stream: Object, _ cancellable: Object, limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < limit, let part = try await read(stream, cancellable) { bytes += part }
        return bytes
    }
}

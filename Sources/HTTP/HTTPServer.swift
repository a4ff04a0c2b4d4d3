// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib
package import GStreamer
internal import Synchronization

/// An HTTP/1.1 server (`SoupServer`) on the main loop.
@MainLoop package final class HTTPServer {
    package typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

    /// Why the server cannot listen, in GLib's words.
    package struct ListenError: Error, CustomStringConvertible {
        package let description: String
    }

    /// What a request may bring, in bytes.
    private nonisolated static let bodyLimit = 1 << 20
    /// Clients that may wait to be accepted; the kernel takes fewer if it is set so (`net.core.somaxconn`).
    private nonisolated static let backlog: gint = 1024

    private nonisolated let server: Object
    private nonisolated let connections = HTTPConnections()
    private let certificate = Shown()
    private var listeners: [Object] = []

    /// What is shown to those who connect encrypted.
    private final class Shown: Sendable {
        let certificate = Mutex<TLSCertificate?>(nil)
    }

    /// Asks `handler` about each request; nothing listens yet.
    package init(_ handler: @escaping Handler) {
        guard let pointer = g_object_new_with_properties(soup_server_get_type(), 0, nil, nil) else {
            fatalError("GObject could not make a SoupServer")
        }
        server = Object(adopting: UnsafeMutableRawPointer(pointer))
        let connections = connections
        let answering = Answering(handler: handler, connections: connections)
        server.withPointer(as: SoupServer.self) { server in
            soup_server_add_early_handler(server, nil, Self.refuseLargeBodies, nil, nil)
            soup_server_add_handler(
                server,
                nil,
                { _, message, _, _, data in
                    guard let message, let data else { return }
                    let answering = Retained<Answering>.value(of: data)
                    HTTPExchange(message, answering.connections).run(answering.handler)
                },
                Retained<Answering>(answering).toOpaque(),
                { data in if let data { Retained<Answering>.release(data) } }
            )
        }
        server.connect("request-started") { arguments in
            guard let pointer = arguments.object(0) else { return nil }
            let end = HTTPExchange.end(of: OpaquePointer(pointer))
            connections.isIdle(end)
            Object(retaining: pointer).connect("disconnected") { _ in
                connections.remove(end)
                return nil
            }
            return nil
        }
    }

    private struct Answering {
        let handler: Handler
        let connections: HTTPConnections
    }

    /// Listens at an address from now on; with a certificate for HTTPS alone.
    ///
    /// By a listener of our own: libsoup's lets anybody have as many connections as there are descriptors, each with a
    /// thread while it shakes hands.
    package func listen(host: String, port: Int, certificate: TLSCertificate? = nil) throws(ListenError) {
        guard
            let address = g_inet_socket_address_new_from_string(host == "localhost" ? "127.0.0.1" : host, guint(port)),
            let service = g_socket_service_new()
        else {
            throw ListenError(description: "\(host) is no address of a network interface")
        }
        defer { g_object_unref(address) }
        let listener = Object(adopting: UnsafeMutableRawPointer(service))
        if let certificate { use(certificate) }
        let shown = certificate == nil ? nil : self.certificate
        let (server, connections) = (server, connections)
        listener.connect("incoming") { arguments in
            if let pointer = arguments.object(0) {
                HTTPAcceptance(pointer, server, connections).go(shown.flatMap { $0.certificate.withLock { $0 } })
            }
            return true
        }
        var error: UnsafeMutablePointer<GError>?
        let isListening = listener.withPointer(as: GSocketListener.self) { pointer in
            g_socket_listener_set_backlog(pointer, Self.backlog)
            return g_socket_listener_add_address(
                pointer,
                address,
                G_SOCKET_TYPE_STREAM,
                G_SOCKET_PROTOCOL_TCP,
                nil,
                nil,
                &error
            )
        }
        guard isListening != 0 else { throw ListenError(description: takeMessage(of: error)) }
        listeners.append(listener)
    }

    /// Shows another certificate to those who connect from now on.
    package func use(_ certificate: TLSCertificate) { self.certificate.certificate.withLock { $0 = certificate } }

    /// Stops listening and closes every connection.
    package func close() {
        for listener in listeners {
            listener.withPointer(as: GSocketService.self) { g_socket_service_stop($0) }
            listener.withPointer(as: GSocketListener.self) { g_socket_listener_close($0) }
        }
        listeners = []
        server.withPointer(as: SoupServer.self) { soup_server_disconnect($0) }
        connections.cutAll()
    }

    /// How many connections there are.
    package nonisolated var connectionCount: Int { connections.count }

    /// Before anything of it is read into memory.
    private nonisolated static let refuseLargeBodies: SoupServerCallback = { _, message, _, _, _ in
        let headers = soup_server_message_get_request_headers(message)
        let isCounted = soup_message_headers_get_encoding(headers) != SOUP_ENCODING_CHUNKED
        guard !isCounted || soup_message_headers_get_content_length(headers) > bodyLimit else { return }
        // Without a length nobody knows when it would be too much.
        let (status, title, detail) =
            isCounted
            ? (413, "Content too large", "send \(bodyLimit) bytes at most")
            : (411, "Length required", "say how long the body is (Content-Length)")
        soup_server_message_set_status(message, guint(status), nil)
        let problem = "{\"detail\":\"\(detail)\",\"status\":\(status),\"title\":\"\(title)\"}"
        soup_server_message_set_response(
            message,
            "application/problem+json",
            SOUP_MEMORY_COPY,
            problem,
            gsize(problem.utf8.count)
        )
        soup_message_headers_replace(soup_server_message_get_response_headers(message), "Connection", "close")
    }
}

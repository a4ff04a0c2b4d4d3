// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib
package import GStreamer

/// An HTTP/1.1 server (`SoupServer`) on the main loop.
@MainLoop package final class HTTPServer {
    package typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse

    /// Why the server cannot listen, in GLib's words.
    package struct ListenError: Error, CustomStringConvertible {
        package let description: String
    }

    /// Connections at a time: each costs a descriptor.
    private nonisolated static let connectionLimit = 256
    /// So long a connection may wait for the client, to send or to take something, in seconds.
    private nonisolated static let patience: guint = 60
    /// What a request may bring, in bytes.
    private nonisolated static let bodyLimit = 1 << 20

    private let server: Object

    /// Asks `handler` about each request; nothing listens yet.
    package init(_ handler: @escaping Handler) {
        guard let pointer = g_object_new_with_properties(soup_server_get_type(), 0, nil, nil) else {
            fatalError("GObject could not make a SoupServer")
        }
        server = Object(adopting: UnsafeMutableRawPointer(pointer))
        Self.limitConnections(of: server)
        server.withPointer(as: SoupServer.self) { server in
            soup_server_add_early_handler(server, nil, Self.refuseLargeBodies, nil, nil)
            soup_server_add_handler(
                server,
                nil,
                { _, message, _, _, data in
                    guard let message, let data else { return }
                    HTTPExchange(message).run(Retained<Handler>.value(of: data))
                },
                Retained<Handler>(handler).toOpaque(),
                { data in if let data { Retained<Handler>.release(data) } }
            )
        }
    }

    /// Listens at an address from now on; with a certificate for HTTPS alone.
    package func listen(host: String, port: Int, certificate: TLSCertificate? = nil) throws(ListenError) {
        guard let address = g_inet_socket_address_new_from_string(host == "localhost" ? "127.0.0.1" : host, guint(port))
        else {
            throw ListenError(description: "\(host) is no address of a network interface")
        }
        defer { g_object_unref(address) }
        if let certificate { use(certificate) }
        var error: UnsafeMutablePointer<GError>?
        let options = certificate == nil ? SoupServerListenOptions(rawValue: 0) : SOUP_SERVER_LISTEN_HTTPS
        let isListening = server.withPointer(as: SoupServer.self) { soup_server_listen($0, address, options, &error) }
        guard isListening != 0 else { throw ListenError(description: takeMessage(of: error)) }
    }

    /// Shows another certificate to those who connect from now on.
    package func use(_ certificate: TLSCertificate) {
        server.withPointer(as: SoupServer.self) { server in
            certificate.withPointer(as: GTlsCertificate.self) { soup_server_set_tls_certificate(server, $0) }
        }
    }

    /// Stops listening and closes every connection.
    package func close() { server.withPointer(as: SoupServer.self) { soup_server_disconnect($0) } }

    // MARK: Those who would take up all there is

    private static func limitConnections(of server: Object) {
        let connections = ConnectionCount(limit: connectionLimit)
        server.connect("request-started") { arguments in
            guard let pointer = arguments.object(0) else { return nil }
            let message = OpaquePointer(pointer)
            guard let socket = soup_server_message_get_socket(message) else { return nil }
            g_socket_set_timeout(socket, patience)
            let number = UInt(bitPattern: socket)
            if !connections.has(number), !connections.add(number) { g_socket_shutdown(socket, 1, 1, nil) }
            Object(retaining: pointer).connect("disconnected") { _ in
                connections.remove(number)
                return nil
            }
            return nil
        }
    }

    /// Before anything of it is read into memory.
    private nonisolated static let refuseLargeBodies: SoupServerCallback = { _, message, _, _, _ in
        let headers = soup_server_message_get_request_headers(message)
        let isCounted = soup_message_headers_get_encoding(headers) != SOUP_ENCODING_CHUNKED
        guard !isCounted || soup_message_headers_get_content_length(headers) > bodyLimit else { return }
        // Without a length nobody knows when it would be too much.
        soup_server_message_set_status(message, isCounted ? 413 : 411, nil)
        soup_message_headers_replace(soup_server_message_get_response_headers(message), "Connection", "close")
    }
}

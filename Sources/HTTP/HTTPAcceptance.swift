// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib
internal import GStreamer

/// A connection on its way to the server: counted, and through its handshake if it is encrypted.
struct HTTPAcceptance: Sendable {
    private let connection: Object
    private let server: Object
    private let connections: HTTPConnections

    /// Of a `GSocketConnection`.
    init(_ pointer: UnsafeMutableRawPointer, _ server: Object, _ connections: HTTPConnections) {
        (connection, self.server, self.connections) = (Object(retaining: pointer), server, connections)
    }

    /// With a certificate TLS is spoken first.
    func go(_ certificate: TLSCertificate?) {
        let socket = connection.withPointer(as: GSocketConnection.self) { g_socket_connection_get_socket($0) }
        guard let socket, let remote = address(g_socket_connection_get_remote_address) else { return }
        let (end, host) = (Self.text(remote), Self.host(remote))
        defer { g_object_unref(remote) }
        guard connections.add(end, host, socket, isEncrypted: certificate != nil) else {
            g_socket_shutdown(socket, 1, 1, nil)
            return
        }
        guard let certificate else { return serve(connection, end) }
        var error: UnsafeMutablePointer<GError>?
        let stream = connection.withPointer(as: GIOStream.self) { stream in
            certificate.withPointer(as: GTlsCertificate.self) { g_tls_server_connection_new(stream, $0, &error) }
        }
        guard let stream else {
            Log.warning("HTTPS: \(takeMessage(of: error))")
            connections.remove(end)
            return
        }
        shake(Object(adopting: UnsafeMutableRawPointer(stream)), end)
    }

    private func shake(_ encrypted: Object, _ end: String) {
        typealias Done = @Sendable (Bool) -> Void
        let done: Done = { isSpoken in
            connections.hasShaken(end)
            if isSpoken { serve(encrypted, end) } else { connections.remove(end) }
        }
        encrypted.withPointer(as: GTlsConnection.self) { stream in
            g_tls_connection_handshake_async(
                stream,
                G_PRIORITY_DEFAULT,
                nil,
                { source, result, data in
                    guard let source, let data else { return }
                    let done = Retained<Done>.value(of: data)
                    Retained<Done>.release(data)
                    let stream = UnsafeMutableRawPointer(source).assumingMemoryBound(to: GTlsConnection.self)
                    // Whoever speaks no TLS, or goes, is no news.
                    done(g_tls_connection_handshake_finish(stream, result, nil) != 0)
                },
                Retained<Done>(done).toOpaque()
            )
        }
    }

    private func serve(_ stream: Object, _ end: String) {
        let (local, remote) = (
            address(g_socket_connection_get_local_address), address(g_socket_connection_get_remote_address)
        )
        defer { for each in [local, remote] { if let each { g_object_unref(each) } } }
        var error: UnsafeMutablePointer<GError>?
        let isTaken = server.withPointer(as: SoupServer.self) { server in
            stream.withPointer(as: GIOStream.self) { soup_server_accept_iostream(server, $0, local, remote, &error) }
        }
        guard isTaken == 0 else { return }
        // The client has gone meanwhile.
        Log.info("HTTP: a connection is not taken: \(takeMessage(of: error))")
        connections.remove(end)
    }

    private typealias Getter = (
        UnsafeMutablePointer<GSocketConnection>?, UnsafeMutablePointer<UnsafeMutablePointer<GError>?>?
    ) -> UnsafeMutablePointer<GSocketAddress>?

    private func address(_ get: Getter) -> UnsafeMutablePointer<GSocketAddress>? {
        connection.withPointer(as: GSocketConnection.self) { get($0, nil) }
    }

    /// Address and port, which no other connection has.
    static func text(_ address: UnsafeMutablePointer<GSocketAddress>) -> String {
        guard let text = g_socket_connectable_to_string(OpaquePointer(address)) else { return "" }
        defer { g_free(text) }
        return String(cString: text)
    }

    private static func host(_ address: UnsafeMutablePointer<GSocketAddress>) -> String {
        let inet = UnsafeMutableRawPointer(address).assumingMemoryBound(to: GInetSocketAddress.self)
        guard let text = g_inet_address_to_string(g_inet_socket_address_get_address(inet)) else { return "" }
        defer { g_free(text) }
        return String(cString: text)
    }
}

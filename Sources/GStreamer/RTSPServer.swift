// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib
internal import Glibc
internal import Synchronization

/// An RTSP server (`GstRTSPServer`) on the main loop; its clients are served on threads of its own.
@MainLoop package final class RTSPServer {
    /// Why the server cannot listen, in GLib's words.
    package struct ListenError: Error, CustomStringConvertible {
        package let description: String
    }

    private nonisolated let server: Object
    /// Ends what nobody uses any more, while there is anybody.
    private let expiry: RepeatingTimer
    private var sources: [guint] = []

    /// Connections at a time: each costs descriptors and threads, and running out of those would end the process.
    nonisolated static let clientLimit = 128
    /// A connection that has not been let in for so long, in seconds, is closed: those who do not even ask take up no
    /// places.
    nonisolated static let strangerLimit: UInt = 10
    /// So many of them are there at a time, of all servers: a handshake of TLS costs a thread and megabytes.
    nonisolated static let strangerCount = 32
    /// Sessions at a time: connections that have none are not counted here, and one connection may set up several.
    nonisolated static let sessionLimit = clientLimit
    /// Media in the sessions of one connection at a time, each with threads, sockets and a queue of its own: players have
    /// one.
    nonisolated static let mediaLimit = 4
    /// A connection that has had a session, and has none now, is closed after so long, in seconds: one whose client has
    /// vanished without a word would keep its place for ever.
    ///
    /// Of those that never have one GStreamer takes care.
    nonisolated static let idleLimit: UInt = 10
    /// What a connection may send, in bytes, before it is let in: what a request brings, and a header, several times over.
    ///
    /// GStreamer keeps every line of a header, however many there are.
    nonisolated static let strangerBytes: UInt64 = 128 << 10
    /// In bytes.
    private nonisolated static let bodyLimit: guint = 64 << 10

    /// Listens at once.
    ///
    /// Clients are told 404 for every path that nothing is mounted at.
    ///
    /// `isAvailable` is asked on the server's threads before a client is given a description: where it says no, the client
    /// is told 503 Service Unavailable and may come back. `closed` is told of each connection that has ended, as
    /// ``RTSPLogin/connection`` names it.
    ///
    /// - Throws: ``ListenError`` if the address cannot be bound.
    package init(
        host: String,
        port: Int,
        authenticator: RTSPAuthenticator? = nil,
        isAvailable: @escaping @Sendable (RTSPRequest) -> Bool,
        closed: @escaping @Sendable (UInt) -> Void = { _ in }
    ) throws(ListenError) {
        guard let pointer = gst_rtsp_server_new() else {
            throw ListenError(description: "no RTSP server could be made")
        }
        server = Object(adopting: UnsafeMutableRawPointer(pointer))
        gst_rtsp_server_set_address(pointer, host)
        gst_rtsp_server_set_service(pointer, String(port))
        // With GStreamer's five, most of those who come at once would wait a second for their next attempt.
        gst_rtsp_server_set_backlog(pointer, gint(Self.clientLimit))
        // What a request brings besides its header is read into memory before anybody asks who it is.
        gst_rtsp_server_set_content_length_limit(pointer, Self.bodyLimit)
        authenticator?.withPointer(as: GstRTSPAuth.self) { gst_rtsp_server_set_auth(pointer, $0) }
        if let pool = gst_rtsp_server_get_thread_pool(pointer) {
            // A client that is slow to set up holds up a quarter of the others, not all of them.
            gst_rtsp_thread_pool_set_max_threads(pool, 4)
            g_object_unref(pool)
        }
        let pool = gst_rtsp_server_get_session_pool(pointer).map { Object(adopting: UnsafeMutableRawPointer($0)) }
        pool?.withPointer(as: GstRTSPSessionPool.self) {
            gst_rtsp_session_pool_set_max_sessions($0, guint(Self.sessionLimit))
        }
        let clients = ClientCount()
        let expiry = Self.expiry(of: server, pool, clients)
        self.expiry = expiry
        let hasAuthenticator = authenticator != nil
        let isEncrypted = authenticator?.isEncrypted ?? false
        server.connect("client-connected") { arguments in
            guard let pointer = arguments.object(0) else { return nil }
            let isOneTooMany = clients.enter() > Self.clientLimit
            let client = Object(retaining: pointer)
            RTSPConnection.sendAtOnce(pointer)
            let connection = RTSPConnection.begin(pointer, strangers: hasAuthenticator ? Self.strangerCount : nil)
            expiry.start()
            if hasAuthenticator { Self.strangerExpiry.start() }
            if isOneTooMany { RTSPConnection.refuseMedia(to: pointer) }
            let sessions = ConnectionSessions(in: pool)
            client.connect("new-session") { arguments in
                if let session = arguments.object(0) { sessions.add(session) }
                if let client = gst_rtsp_context_get_current()?.pointee.client { RTSPConnection.hasSession(client) }
                return nil
            }
            client.connect("closed") { _ in
                clients.leave()
                sessions.end()
                RTSPConnection.isNoStranger(connection)
                closed(connection)
                return nil
            }
            client.connect("pre-describe-request") { _ in
                let request = RTSPRequest(gst_rtsp_context_get_current())
                return RTSPStatusValue(status: !isOneTooMany && isAvailable(request) ? .ok : .serviceUnavailable)
            }
            client.connect("pre-play-request") { _ in
                RTSPConnection.enlargePackets()
                return RTSPStatusValue(status: .ok)
            }
            if isEncrypted {
                client.connect("pre-setup-request") { _ in
                    RTSPStatusValue(status: RTSPConnection.staysInside() ? .ok : .unsupportedTransport)
                }
            }
            if isOneTooMany { clients.refuse() }
            // No words for a flood: its end is noticed on the client's thread, which then lets go of it.
            if clients.present > 2 * Self.clientLimit { RTSPConnection.cut(pointer) }
            return nil
        }
        var error: UnsafeMutablePointer<GError>?
        guard let source = gst_rtsp_server_create_source(pointer, nil, &error) else {
            throw ListenError(description: takeMessage(of: error))
        }
        sources.append(g_source_attach(source, g_main_context_default()))
        g_source_unref(source)
        RTSPConnection.refuseTunnels()
    }

    /// Serves what the factory makes under a path such as `/front-door`.
    package func mount(_ factory: RTSPMediaFactory, at path: String) {
        withMountPoints { mounts in
            // The mount points take over a reference.
            factory.withPointer(as: GstRTSPMediaFactory.self) { pointer in
                g_object_ref(pointer)
                gst_rtsp_mount_points_add_factory(mounts, path, pointer)
            }
        }
    }

    /// New clients of the path are told 404 from now on.
    package func unmount(_ path: String) {
        withMountPoints { gst_rtsp_mount_points_remove_factory($0, path) }
    }

    /// Stops listening and closes every client's connection.
    package func close() {
        expiry.stop()
        for source in sources { g_source_remove(source) }
        sources = []
        let clients = server.withPointer(as: GstRTSPServer.self) {
            gst_rtsp_server_client_filter($0, { _, _, _ in GST_RTSP_FILTER_REMOVE }, nil)
        }
        g_list_free(clients)
    }

    /// Closes connections, as ``RTSPLogin/connection`` names them.
    package func close(_ connections: Set<UInt>) {
        typealias Connections = Set<UInt>
        let box = Retained(connections).toOpaque()
        defer { Retained<Connections>.release(box) }
        let clients = server.withPointer(as: GstRTSPServer.self) { server in
            gst_rtsp_server_client_filter(
                server,
                { _, client, data in
                    guard let client, let data else { return GST_RTSP_FILTER_KEEP }
                    let isMeant = Retained<Connections>.value(of: data).contains(RTSPConnection.number(of: client))
                    return isMeant ? GST_RTSP_FILTER_REMOVE : GST_RTSP_FILTER_KEEP
                },
                box
            )
        }
        g_list_free(clients)
    }

    private func withMountPoints(_ body: (UnsafeMutablePointer<GstRTSPMountPoints>) -> Void) {
        guard let mounts = server.withPointer(as: GstRTSPServer.self, { gst_rtsp_server_get_mount_points($0) }) else {
            return
        }
        body(mounts)
        g_object_unref(mounts)
    }

    /// Closes, every two seconds while there are any, the connections whose sessions are over, and ends the sessions whose
    /// clients have fallen silent: the pool does it only when it is asked.
    private static func expiry(of server: Object, _ pool: Object?, _ clients: ClientCount) -> RepeatingTimer {
        RepeatingTimer(every: .seconds(2)) { [server, pool, clients] in
            let idle = server.withPointer(as: GstRTSPServer.self) { server in
                gst_rtsp_server_client_filter(
                    server,
                    { _, client, _ in
                        if let client { RTSPConnection.cutIdle(client, after: RTSPServer.idleLimit) }
                        return GST_RTSP_FILTER_KEEP
                    },
                    nil
                )
            }
            g_list_free(idle)
            let sessions = pool?.withPointer(as: GstRTSPSessionPool.self) { pool in
                gst_rtsp_session_pool_cleanup(pool)
                return gst_rtsp_session_pool_get_n_sessions(pool)
            }
            return clients.present > 0 || sessions ?? 0 > 0
        }
    }

    /// Closes the connections that have been let in to nothing, in time or for the bytes that they sent: often, since
    /// what these cost grows with the network's speed.
    private nonisolated static let strangerExpiry = RepeatingTimer(every: .milliseconds(200)) {
        RTSPConnection.cutStrangers(after: strangerLimit)
    }

    /// How many sessions there are, of all connections.
    var sessionCount: Int {
        server.withPointer(as: GstRTSPServer.self) { server in
            guard let pool = gst_rtsp_server_get_session_pool(server) else { return 0 }
            defer { g_object_unref(pool) }
            return Int(gst_rtsp_session_pool_get_n_sessions(pool))
        }
    }

}

/// What is known of a connection (`GstRTSPClient`) beside what GStreamer knows.
enum RTSPConnection {
    /// One that has been granted nothing yet.
    private struct Stranger {
        /// A `GSocket`, held.
        let socket: UInt
        let since: UInt

        /// In bytes, as the kernel counts them (`tcpi_bytes_received`, which glibc's `tcp_info` does not have).
        var received: UInt64 {
            guard let pointer = UnsafeMutablePointer<GSocket>(bitPattern: socket) else { return 0 }
            var information = [UInt8](repeating: 0, count: 256)
            var length = socklen_t(information.count)
            let offset = 128
            guard getsockopt(g_socket_get_fd(pointer), Int32(IPPROTO_TCP), TCP_INFO, &information, &length) == 0,
                Int(length) >= offset + 8
            else { return 0 }
            return information.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        }

        /// Its end is noticed on the client's thread, or in a handshake of TLS, which then lets go of it.
        func cut() {
            guard let pointer = UnsafeMutablePointer<GSocket>(bitPattern: socket) else { return }
            g_socket_shutdown(pointer, 1, 1, nil)
        }
    }

    private static let numberKey = "martlet-number"
    private static let last = Atomic<UInt>(0)
    private static let strangers = Mutex<[UInt: Stranger]>([:])

    /// Gives it a number of its own: addresses in memory are given to others later.
    ///
    /// With a limit only so many are there that have been granted nothing: for one more the oldest has to go.
    static func begin(_ client: UnsafeMutableRawPointer, strangers limit: Int?) -> UInt {
        let number = last.add(1, ordering: .relaxed).newValue
        g_object_set_data(
            client.assumingMemoryBound(to: GObject.self),
            numberKey,
            UnsafeMutableRawPointer(bitPattern: number)
        )
        guard let limit, let socket = socket(of: client) else { return number }
        g_object_ref(socket)
        let stranger = Stranger(socket: UInt(bitPattern: socket), since: seconds)
        strangers.withLock { strangers in
            if strangers.count >= limit, let oldest = strangers.keys.min() {
                release(oldest, of: &strangers, cut: true)
            }
            strangers[number] = stranger
        }
        return number
    }

    static func number(of client: UnsafeMutableRawPointer) -> UInt {
        UInt(bitPattern: g_object_get_data(client.assumingMemoryBound(to: GObject.self), numberKey))
    }

    /// It has been granted something, or has ended.
    static func isNoStranger(_ number: UInt) { strangers.withLock { release(number, of: &$0, cut: false) } }

    /// Whether it is a stranger that has sent more than strangers may; nothing more is read from it then.
    static func hasSentTooMuch(_ number: UInt) -> Bool {
        strangers.withLock { strangers in
            guard let stranger = strangers[number], stranger.received > RTSPServer.strangerBytes else { return false }
            release(number, of: &strangers, cut: true)
            return true
        }
    }

    /// Ends those that have been granted nothing for so long, in seconds; returns whether there are others.
    static func cutStrangers(after limit: UInt) -> Bool {
        strangers.withLock { strangers in
            for (number, stranger) in strangers
            where seconds >= stranger.since + limit || stranger.received > RTSPServer.strangerBytes {
                release(number, of: &strangers, cut: true)
            }
            return !strangers.isEmpty
        }
    }

    /// Whether the video that is being set up comes on the connection itself (`RTP/AVP/TCP`).
    ///
    /// By UDP it would be for anybody to see, though its viewer asked for `rtsps://`; GStreamer's players try that first.
    static func staysInside() -> Bool {
        var value: UnsafeMutablePointer<gchar>?
        guard let request = gst_rtsp_context_get_current()?.pointee.request,
            gst_rtsp_message_get_header(request, GST_RTSP_HDR_TRANSPORT, &value, 0) == GST_RTSP_OK, let value
        else { return true }
        return String(cString: value).split(separator: ",").allSatisfy { offer in
            offer.drop { $0 == " " }.lowercased().hasPrefix("rtp/avp/tcp")
        }
    }

    /// Has the system keep back no packet until the one before it was acknowledged (Nagle): a frame's last packet would wait up
    /// to 40 ms for the client's delayed acknowledgement.
    static func sendAtOnce(_ client: UnsafeMutableRawPointer) {
        guard let socket = socket(of: client) else { return }
        var error: UnsafeMutablePointer<GError>?
        if g_socket_set_option(socket, gint(IPPROTO_TCP), TCP_NODELAY, 1, &error) == 0 {
            Log.warning("RTSP: frames may be late: \(takeMessage(of: error))")
        }
    }

    /// Nothing is read from it, nor sent, any more.
    static func cut(_ client: UnsafeMutableRawPointer) {
        if let socket = socket(of: client) { g_socket_shutdown(socket, 1, 1, nil) }
    }

    private static func release(_ number: UInt, of strangers: inout [UInt: Stranger], cut: Bool) {
        guard let stranger = strangers.removeValue(forKey: number) else { return }
        if cut { stranger.cut() }
        if let pointer = UnsafeMutableRawPointer(bitPattern: stranger.socket) { g_object_unref(pointer) }
    }

    static func socket(of client: UnsafeMutableRawPointer) -> UnsafeMutablePointer<GSocket>? {
        gst_rtsp_client_get_connection(client.assumingMemoryBound(to: GstRTSPClient.self))
            .flatMap { gst_rtsp_connection_get_read_socket($0) }
    }

    static var seconds: UInt { UInt(g_get_monotonic_time() / 1_000_000) }
}

/// How many clients are connected, counted on the server's threads.
private final class ClientCount: Sendable {
    private let count = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)

    func enter() -> Int { count.add(1, ordering: .relaxed).newValue }

    var present: Int { count.load(ordering: .relaxed) }

    func leave() { count.subtract(1, ordering: .relaxed) }

    /// Said at the first, and at every hundredth after it.
    func refuse() {
        guard refused.add(1, ordering: .relaxed).oldValue % 100 == 0 else { return }
        Log.warning(
            "more than \(RTSPServer.clientLimit) RTSP connections at a time: further ones are told to come back"
        )
    }
}

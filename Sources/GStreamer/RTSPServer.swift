// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib
internal import Synchronization

/// An RTSP server (`GstRTSPServer`) on the main loop; its clients are served on threads of its own.
@MainLoop package final class RTSPServer {
    /// Why the server cannot listen, in GLib's words.
    package struct ListenError: Error, CustomStringConvertible {
        package let description: String
    }

    private nonisolated let server: Object
    private var sources: [guint] = []

    /// Connections at a time: each costs descriptors and threads, and running out of those would end the process.
    nonisolated static let clientLimit = 128

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
        authenticator?.withPointer(as: GstRTSPAuth.self) { gst_rtsp_server_set_auth(pointer, $0) }
        if let pool = gst_rtsp_server_get_thread_pool(pointer) {
            // A client that is slow to set up holds up a quarter of the others, not all of them.
            gst_rtsp_thread_pool_set_max_threads(pool, 4)
            g_object_unref(pool)
        }
        let clients = ClientCount()
        server.connect("client-connected") { arguments in
            guard let pointer = arguments.object(0) else { return nil }
            let isOneTooMany = clients.enter() > Self.clientLimit
            let client = Object(retaining: pointer)
            let connection = UInt(bitPattern: pointer)
            client.connect("closed") { _ in
                clients.leave()
                closed(connection)
                return nil
            }
            client.connect("pre-describe-request") { _ in
                let request = RTSPRequest(gst_rtsp_context_get_current())
                return !isOneTooMany && isAvailable(request) ? RTSPStatus.ok : .serviceUnavailable
            }
            if isOneTooMany { clients.refuse() }
            return nil
        }
        var error: UnsafeMutablePointer<GError>?
        guard let source = gst_rtsp_server_create_source(pointer, nil, &error) else {
            throw ListenError(description: takeMessage(of: error))
        }
        sources.append(g_source_attach(source, g_main_context_default()))
        g_source_unref(source)
        expireSessions()
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
                    let isMeant = Retained<Connections>.value(of: data).contains(UInt(bitPattern: client))
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

    /// Ends, every two seconds, the sessions whose clients have fallen silent: the pool does it only when it is asked.
    private func expireSessions() {
        let pool = server.withPointer(as: GstRTSPServer.self) { gst_rtsp_server_get_session_pool($0) }
        guard let pool else { return }
        sources.append(
            g_timeout_add_seconds_full(
                G_PRIORITY_DEFAULT,
                2,
                { data in
                    if let data { gst_rtsp_session_pool_cleanup(data.assumingMemoryBound(to: GstRTSPSessionPool.self)) }
                    return 1
                },
                pool,
                { data in if let data { g_object_unref(data) } }
            )
        )
    }
}

/// How many clients are connected, counted on the server's threads.
private final class ClientCount: Sendable {
    private let count = Atomic<Int>(0)
    private let refused = Atomic<Int>(0)

    func enter() -> Int { count.add(1, ordering: .relaxed).newValue }

    func leave() { count.subtract(1, ordering: .relaxed) }

    /// Said at the first, and at every hundredth after it.
    func refuse() {
        guard refused.add(1, ordering: .relaxed).oldValue % 100 == 0 else { return }
        Log.warning(
            "more than \(RTSPServer.clientLimit) RTSP connections at a time: further ones are told to come back"
        )
    }
}

/// What a client is told (`GstRTSPStatusCode`).
private struct RTSPStatus: ValueConvertible {
    static let ok = RTSPStatus(code: GST_RTSP_STS_OK)
    static let serviceUnavailable = RTSPStatus(code: GST_RTSP_STS_SERVICE_UNAVAILABLE)

    let code: GstRTSPStatusCode

    static var valueType: GType { gst_rtsp_status_code_get_type() }

    func store(in value: UnsafeMutablePointer<GValue>) { g_value_set_enum(value, gint(code.rawValue)) }

    static func load(from value: UnsafePointer<GValue>) -> RTSPStatus? {
        guard martlet_value_type(value) == valueType else { return nil }
        return RTSPStatus(code: GstRTSPStatusCode(rawValue: UInt32(bitPattern: g_value_get_enum(value))))
    }
}

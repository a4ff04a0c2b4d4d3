// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib
internal import Synchronization

/// What one connection may have, and for how long.
extension RTSPConnection {
    private static let refusedKey = "martlet-refused"
    private static let hadSessionKey = "martlet-had-session"
    private static let idleKey = "martlet-idle-since"

    /// It is one too many: all that it asks for is to come back.
    static func refuseMedia(to client: UnsafeMutableRawPointer) {
        g_object_set_data(client.assumingMemoryBound(to: GObject.self), refusedKey, client)
    }

    /// Whether something may be made for it that costs threads, sockets and memory: a `SETUP` needs no `DESCRIBE` before
    /// it, and any number of sessions may be asked for.
    static func mayHaveMedia(_ client: UnsafeMutablePointer<GstRTSPClient>, inSession: Bool) -> Bool {
        let object = UnsafeMutableRawPointer(client).assumingMemoryBound(to: GObject.self)
        guard g_object_get_data(object, refusedKey) == nil, let pool = gst_rtsp_client_get_session_pool(client) else {
            return false
        }
        defer { g_object_unref(pool) }
        var media = 0
        let sessions = gst_rtsp_client_session_filter(client, nil, nil)
        for session in sequence(first: sessions, next: { $0?.pointee.next }) {
            guard let pointer = session?.pointee.data else { break }
            let found = gst_rtsp_session_filter(pointer.assumingMemoryBound(to: GstRTSPSession.self), nil, nil)
            media += Int(g_list_length(found))
            g_list_free_full(found) { g_object_unref($0) }
        }
        g_list_free_full(sessions) { g_object_unref($0) }
        return media < RTSPServer.mediaLimit
            && (inSession || gst_rtsp_session_pool_get_n_sessions(pool) < RTSPServer.sessionLimit)
    }

    /// It has a session, or will have had one.
    static func hasSession(_ client: UnsafeMutablePointer<GstRTSPClient>) {
        let object = UnsafeMutableRawPointer(client).assumingMemoryBound(to: GObject.self)
        g_object_set_data(object, hadSessionKey, object)
    }

    /// Ends it if it has had no session for so long, in seconds, after it had one.
    ///
    /// Called again and again. GStreamer's own way (`post-session-timeout`) ends the process by an assertion if a session
    /// expires while its connection is being closed.
    static func cutIdle(_ client: UnsafeMutablePointer<GstRTSPClient>, after limit: UInt) {
        let object = UnsafeMutableRawPointer(client).assumingMemoryBound(to: GObject.self)
        let sessions = gst_rtsp_client_session_filter(client, nil, nil)
        defer { g_list_free_full(sessions) { g_object_unref($0) } }
        if sessions != nil {
            // Another connection's, that goes on on this one, counts as well.
            g_object_set_data(object, hadSessionKey, object)
            g_object_set_data(object, idleKey, nil)
        } else if g_object_get_data(object, hadSessionKey) != nil {
            let since = UInt(bitPattern: g_object_get_data(object, idleKey))
            if since == 0 {
                g_object_set_data(object, idleKey, UnsafeMutableRawPointer(bitPattern: seconds))
            } else if seconds >= since + limit {
                cut(client)
            }
        }
    }

    /// RTSP within HTTP is not spoken: whoever asks for it is told 403 and hung up on, before anybody is asked who it is.
    static func refuseTunnels() {
        // All servers of the process are ours, and none of them is to take it: no class of our own is needed.
        guard let classPointer = g_type_class_ref(gst_rtsp_client_get_type()) else { return }
        classPointer.assumingMemoryBound(to: GstRTSPClientClass.self).pointee.tunnel_http_response = {
            client,
            _,
            response in
            guard let client, let response else { return }
            response.pointee.type_data.response.code = GST_RTSP_STS_FORBIDDEN
            g_free(response.pointee.type_data.response.reason)
            response.pointee.type_data.response.reason = g_strdup("Forbidden")
            // What is not read any more ends it, once the answer has been sent.
            if let socket = RTSPConnection.socket(of: client) { g_socket_shutdown(socket, 1, 0, nil) }
        }
    }
}

/// The sessions that a connection has made.
final class ConnectionSessions: Sendable {
    private let pool: Object?
    private let names = Mutex<[String]>([])

    /// More are not alive at a time.
    private static let limit = 2 * RTSPServer.mediaLimit

    init(in pool: Object?) { self.pool = pool }

    func add(_ session: UnsafeMutableRawPointer) {
        guard let name = gst_rtsp_session_get_sessionid(session.assumingMemoryBound(to: GstRTSPSession.self)) else {
            return
        }
        let text = String(cString: name)
        names.withLock { $0 = $0.suffix(Self.limit - 1) + [text] }
    }

    /// The connection is over: ends those of its sessions that do not go on on another.
    ///
    /// GStreamer takes their media away at once, but keeps them, and counts them, until they expire.
    func end() {
        pool?.withPointer(as: GstRTSPSessionPool.self) { pool in
            for name in names.withLock({ $0 }) {
                guard let session = gst_rtsp_session_pool_find(pool, name) else { continue }
                let media = gst_rtsp_session_filter(session, nil, nil)
                if media == nil { gst_rtsp_session_pool_remove(pool, session) }
                g_list_free_full(media) { g_object_unref($0) }
                g_object_unref(session)
            }
        }
    }
}

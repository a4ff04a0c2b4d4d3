// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib
internal import Synchronization

/// The connections that there are, by their other ends, and how long each may go on doing nothing.
///
/// Whoever connects costs a descriptor, and a thread as long as a handshake of TLS lasts: strangers must not take up what
/// recording needs.
final class HTTPConnections: Sendable {
    /// At a time.
    private static let limit = 256
    /// At a time from one other machine; this one may have a proxy for many.
    private static let limitOfOneAddress = 64
    /// Handshakes at a time; for one more the oldest has to go.
    private static let handshakeLimit = 16
    /// So long a connection may take to bring a request, in seconds, handshake included.
    private static let patience: Int64 = 20
    /// So long it may wait for its client to take something, in seconds.
    private static let timeout: guint = 60

    private struct Connection {
        /// A `GSocket`, held.
        let socket: UInt
        let address: String
        let isEncrypted: Bool
        let since: Int64
        var isShaking: Bool
        /// In seconds of the monotonic clock; `nil` while a request is being answered.
        var deadline: Int64?
    }

    private let state = Mutex((present: [String: Connection](), refused: 0))
    private let expiry = Mutex<RepeatingTimer?>(nil)

    /// `false` if it is one too many.
    func add(_ end: String, _ address: String, _ socket: UnsafeMutablePointer<GSocket>, isEncrypted: Bool) -> Bool {
        expire()
        g_socket_set_timeout(socket, Self.timeout)
        let refused = state.withLock { state -> Int? in
            let ofOne = HTTPRequest.isLoopback(address) ? 0 : state.present.values.count { $0.address == address }
            guard state.present.count < Self.limit, ofOne < Self.limitOfOneAddress else {
                state.refused += 1
                return state.refused
            }
            let shaking = state.present.filter(\.value.isShaking)
            if isEncrypted, shaking.count >= Self.handshakeLimit,
                let oldest = shaking.min(by: { $0.value.since < $1.value.since })
            {
                Self.cut(state.present.removeValue(forKey: oldest.key))
            }
            g_object_ref(socket)
            state.present[end] = Connection(
                socket: UInt(bitPattern: socket),
                address: address,
                isEncrypted: isEncrypted,
                since: Self.now,
                isShaking: isEncrypted,
                deadline: Self.now + Self.patience
            )
            return nil
        }
        // Said at the first, and at every hundredth after it.
        if let refused, refused % 100 == 1 {
            Log.warning("too many HTTP connections: one more is closed (from \(address))")
        }
        return refused == nil
    }

    func isEncrypted(_ end: String) -> Bool { state.withLock { $0.present[end]?.isEncrypted ?? false } }

    /// TLS is spoken now.
    func hasShaken(_ end: String) { state.withLock { $0.present[end]?.isShaking = false } }

    /// It has brought a request.
    func isBusy(_ end: String) { state.withLock { $0.present[end]?.deadline = nil } }

    /// It may bring another one.
    func isIdle(_ end: String) { state.withLock { $0.present[end]?.deadline = Self.now + Self.patience } }

    /// It has ended.
    func remove(_ end: String) { state.withLock { Self.release($0.present.removeValue(forKey: end)) } }

    /// Ends, every two seconds while there are any, those that have done nothing for too long.
    private func expire() {
        expiry.withLock { expiry in
            if expiry == nil {
                expiry = RepeatingTimer(every: .seconds(2)) { [weak self] in self?.cutOverdue() ?? false }
            }
            expiry?.start()
        }
    }

    /// Returns whether there are others.
    private func cutOverdue() -> Bool {
        let now = Self.now
        return state.withLock { state in
            for (end, connection) in state.present {
                if let deadline = connection.deadline, deadline <= now {
                    Self.cut(state.present.removeValue(forKey: end))
                }
            }
            return !state.present.isEmpty
        }
    }

    func cutAll() {
        state.withLock { state in
            for end in state.present.keys { Self.cut(state.present.removeValue(forKey: end)) }
        }
    }

    var count: Int { state.withLock { $0.present.count } }

    private static func cut(_ connection: Connection?) {
        guard let connection, let socket = UnsafeMutablePointer<GSocket>(bitPattern: connection.socket) else { return }
        // Its end is noticed by whoever reads from it, which then lets go of it.
        g_socket_shutdown(socket, 1, 1, nil)
        release(connection)
    }

    private static func release(_ connection: Connection?) {
        if let connection, let pointer = UnsafeMutableRawPointer(bitPattern: connection.socket) {
            g_object_unref(pointer)
        }
    }

    private static var now: Int64 { Int64(g_get_monotonic_time() / 1_000_000) }
}

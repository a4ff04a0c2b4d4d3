// SPDX-License-Identifier: Apache-2.0
package import Access
internal import GLib
package import GStreamer
internal import Synchronization

/// Who may have what over RTSP; asked on the server's threads for each request.
///
/// Closed by default: while there is neither a user nor a token, this machine alone is served.
package final class RTSPAccess: Sendable {
    private struct State {
        var guests: Guests
        var throttle = LoginThrottle()
        /// Who is on which connection, and the words that showed it: a password takes long to check.
        var admitted: [UInt: Admitted] = [:]
    }

    private struct Admitted {
        let guest: Guests.Guest
        let credentials: RTSPLogin.Credentials
    }

    private let state: Mutex<State>
    private let nonces = Nonces()

    package init(_ guests: Guests = .nobody) { state = Mutex(State(guests: guests)) }

    /// Whether anybody but this machine is served.
    package var isOpen: Bool { state.withLock { !$0.guests.isEmpty } }

    /// Answers a request; `isEncrypted` says that nobody listens in, so that a password may be sent as it is.
    package func decide(_ login: RTSPLogin, isEncrypted: Bool) -> RTSPAdmission {
        let (guests, admitted) = state.withLock { ($0.guests, $0.admitted[login.connection]) }
        let camera = login.path.split(separator: "/").first.map(String.init) ?? ""
        if guests.isEmpty {
            if Self.isLoopback(login.address) { return .granted }
            report("a client is refused: there is neither user nor token yet; make one with 'martlet user add'", login)
            return .forbidden
        }
        if isEncrypted, let admitted, admitted.credentials == login.credentials, case .basic = login.credentials {
            return admission(of: admitted.guest, to: camera, login)
        }
        guard let account = login.credentials.user else { return challenge(login, isEncrypted) }
        let now = ClockTime.now.seconds
        guard state.withLock({ $0.throttle.delay(of: account, from: login.address, at: now) }) == 0 else {
            report("too many wrong passwords for '\(account)': refused for a while", login)
            return .forbidden
        }
        guard let guest = guest(login, among: guests, isEncrypted) else {
            state.withLock { $0.throttle.fail(account, from: login.address, at: now) }
            report("wrong name or password for '\(account)'", login)
            return challenge(login, isEncrypted)
        }
        state.withLock { state in
            state.throttle.succeed(account, from: login.address)
            state.admitted[login.connection] = Admitted(guest: guest, credentials: login.credentials)
        }
        return admission(of: guest, to: camera, login)
    }

    private func admission(of guest: Guests.Guest, to camera: String, _ login: RTSPLogin) -> RTSPAdmission {
        if guest.mayRead(camera) { return .granted }
        report("\(guest.name) is not for '\(camera)'", login)
        return .forbidden
    }

    private func guest(_ login: RTSPLogin, among guests: Guests, _ isEncrypted: Bool) -> Guests.Guest? {
        switch login.credentials {
        case .none: nil
        case .basic(let user, let password): isEncrypted ? guests.password(user: user, password) : nil
        case .digest(let user, let uri, let nonce, let response):
            // What was answered for another URL, or on another connection, is worth nothing here.
            Self.path(of: uri) == Self.path(of: login.uri) && nonces.isOurs(nonce, on: login.connection)
                ? guests.digest(user: user, method: login.method, uri: uri, nonce: nonce, response: response) : nil
        }
    }

    private func challenge(_ login: RTSPLogin, _ isEncrypted: Bool) -> RTSPAdmission {
        let digest = "Digest realm=\"\(DigestSecret.realm)\", nonce=\"\(nonces.make(for: login.connection))\""
        return .challenged(isEncrypted ? [digest, "Basic realm=\"\(DigestSecret.realm)\""] : [digest])
    }

    private func report(_ text: String, _ login: RTSPLogin) {
        // All of them share a budget: a flood of refusals fills no journal.
        Log.write(.warning, "RTSP: \(text) (from \(login.address), \(login.path))", budget: "access")
    }

    /// A connection has ended.
    package func forget(_ connection: UInt) { state.withLock { $0.admitted[connection] = nil } }

    /// Others may come in from now on; returns the connections of those who may no longer be there.
    package func update(_ guests: Guests) -> Set<UInt> {
        state.withLock { state in
            state.guests = guests
            let gone = state.admitted.filter { !guests.contains($0.value.guest) }.keys
            for connection in gone { state.admitted[connection] = nil }
            return Set(gone)
        }
    }

    static func isLoopback(_ address: String) -> Bool {
        address == "::1" || address.hasPrefix("127.") || address.hasPrefix("::ffff:127.")
    }

    /// Of a URL that is written whole, or as a path alone.
    private static func path(of uri: String) -> Substring {
        guard let scheme = uri.firstRange(of: "://") else { return uri[...] }
        let rest = uri[scheme.upperBound...]
        return rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
    }
}

extension RTSPLogin.Credentials {
    fileprivate var user: String? {
        switch self {
        case .none: nil
        case .basic(let user, _), .digest(let user, _, _, _): user
        }
    }
}

extension ClockTime {
    fileprivate var seconds: Double { Double(nanoseconds) / 1e9 }
}

// SPDX-License-Identifier: Apache-2.0
package import Access
internal import GLib
package import GStreamer
internal import Glibc
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
        /// Connections that bring a stream.
        var publishers: Set<UInt> = []
    }

    private struct Admitted {
        /// All who have been on it: what one of them began goes on when another has come.
        var guests: [Guests.Guest]
        var credentials: RTSPLogin.Credentials
    }

    private let state: Mutex<State>
    private let nonces = Nonces()
    private let outdated: @Sendable (_ user: String, _ password: String) -> Void

    /// `outdated` is told of those whose password is right, and its hash of former parameters.
    package init(
        _ guests: Guests = .nobody,
        outdated: @escaping @Sendable (_ user: String, _ password: String) -> Void = { _, _ in }
    ) {
        state = Mutex(State(guests: guests))
        self.outdated = outdated
    }

    /// Answers a request; `isEncrypted` says that nobody listens in, so that a password may be sent as it is.
    package func decide(_ login: RTSPLogin, isEncrypted: Bool) -> RTSPAdmission {
        let (guests, admitted) = state.withLock { ($0.guests, $0.admitted[login.connection]) }
        let camera = login.path.split(separator: "/").first.map(String.init) ?? ""
        guard guests.isKnown else {
            report("a client is refused: users and tokens cannot be read", login)
            return .forbidden
        }
        if guests.isEmpty {
            if Self.isLoopback(login.address) { return .granted }
            report("a client is refused: there is neither user nor token yet; make one with 'martlet user add'", login)
            return .forbidden
        }
        if isEncrypted, let admitted, admitted.credentials == login.credentials, case .basic = login.credentials,
            let guest = admitted.guests.last
        {
            return admission(of: guest, to: camera, login)
        }
        guard let account = login.credentials.user else { return challenge(login, isEncrypted) }
        let (address, now) = (LoginThrottle.network(of: login.address), ClockTime.now.seconds)
        // Guessing is made slow for passwords: nobody guesses a token, and no guesser keeps out a device, nor whoever is
        // on this connection already.
        let quick = quickGuest(login, among: guests, isEncrypted)
        let isFree = quick.map { $0.isDevice || admitted?.guests.contains($0) ?? false } ?? false
        guard isFree || state.withLock({ $0.throttle.delay(of: account, from: address, at: now) }) == 0 else {
            report("too many wrong passwords for \(Self.shown(account)): refused for a while", login)
            return .forbidden
        }
        guard let guest = quick ?? slowGuest(login, among: guests, isEncrypted), admit(guest, account, login) else {
            state.withLock { $0.throttle.fail(account, from: address, at: now) }
            report("wrong name or password for \(Self.shown(account))", login)
            return challenge(login, isEncrypted)
        }
        return admission(of: guest, to: camera, login)
    }

    /// `false` if somebody was shown out while the password was checked.
    private func admit(_ guest: Guests.Guest, _ account: String, _ login: RTSPLogin) -> Bool {
        state.withLock { state in
            guard state.guests.contains(guest) else { return false }
            state.throttle.succeed(account, from: LoginThrottle.network(of: login.address))
            let former = state.admitted[login.connection]?.guests.filter { $0 != guest } ?? []
            state.admitted[login.connection] = Admitted(guests: former + [guest], credentials: login.credentials)
            return true
        }
    }

    private func admission(of guest: Guests.Guest, to camera: String, _ login: RTSPLogin) -> RTSPAdmission {
        if may(guest, login, camera) { return .granted }
        report("\(guest.name) is not for \(Self.shown(camera))", login)
        return .forbidden
    }

    /// What each method is (RFC 2326, 10).
    private func may(_ guest: Guests.Guest, _ login: RTSPLogin, _ camera: String) -> Bool {
        switch login.method {
        case "ANNOUNCE", "RECORD":
            guard guest.mayPublish(camera) else { return false }
            state.withLock { _ = $0.publishers.insert(login.connection) }
            return true
        // Whoever brings a stream sets it up as those do who come for one.
        case "SETUP":
            return guest.mayRead(camera)
                || guest.mayPublish(camera) && state.withLock { $0.publishers.contains(login.connection) }
        case "OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN":
            return guest.mayRead(camera) || guest.mayPublish(camera)
        default: return guest.mayRead(camera)
        }
    }

    /// By what takes no time to check: Digest, and tokens.
    private func quickGuest(_ login: RTSPLogin, among guests: Guests, _ isEncrypted: Bool) -> Guests.Guest? {
        switch login.credentials {
        case .none: nil
        case .basic(let user, let password): isEncrypted ? guests.device(user: user, password) : nil
        case .digest(let user, let uri, let nonce, let response):
            // What was answered for another camera's URL, or on another connection, is worth nothing here.
            Self.covers(uri, login.uri) && nonces.isOurs(nonce, on: login.connection)
                ? guests.digest(user: user, method: login.method, uri: uri, nonce: nonce, response: response) : nil
        }
    }

    /// By a password, which takes long to check.
    private func slowGuest(_ login: RTSPLogin, among guests: Guests, _ isEncrypted: Bool) -> Guests.Guest? {
        guard isEncrypted, case .basic(let user, let password) = login.credentials else { return nil }
        let guest = guests.password(user: user, password)
        if let name = guest?.isOutdated { outdated(name, password) }
        return guest
    }

    private func challenge(_ login: RTSPLogin, _ isEncrypted: Bool) -> RTSPAdmission {
        let digest = "Digest realm=\"\(DigestSecret.realm)\", nonce=\"\(nonces.make(for: login.connection))\""
        return .challenged(isEncrypted ? [digest, "Basic realm=\"\(DigestSecret.realm)\""] : [digest])
    }

    private func report(_ text: String, _ login: RTSPLogin) {
        // All of them share a budget: a flood of refusals fills no journal.
        Log.write(.warning, "RTSP: \(text) (from \(login.address), \(Self.shown(login.path)))", budget: "access")
    }

    /// A connection has ended.
    package func forget(_ connection: UInt) {
        state.withLock { state in
            state.admitted[connection] = nil
            state.publishers.remove(connection)
        }
    }

    /// Others may come in from now on; returns the connections of those who may no longer be there.
    package func update(_ guests: Guests) -> Set<UInt> {
        state.withLock { state in
            state.guests = guests
            let gone = state.admitted.filter { !$0.value.guests.allSatisfy(guests.contains) }.keys
            for connection in gone { state.admitted[connection] = nil }
            return Set(gone)
        }
    }

    static func isLoopback(_ address: String) -> Bool {
        address == "::1" || address.hasPrefix("127.") || address.hasPrefix("::ffff:127.")
    }

    /// What somebody unknown has written, in the log: short, and in one line.
    static func shown(_ text: String) -> String {
        let short = text.prefix(64)
        let plain = short.unicodeScalars.map { (32..<127).contains($0.value) ? Character($0) : "?" }
        return "'\(String(plain))\(short.count < text.count ? "…" : "")'"
    }

    /// Whether an answer to a challenge that names one URL holds for a request of another: for the same, and with the URL of a
    /// camera for that camera's streams, since live555 (VLC) names that in each of its answers.
    private static func covers(_ answered: String, _ requested: String) -> Bool {
        let answered = path(of: answered).split(separator: "/")
        let requested = path(of: requested).split(separator: "/")
        return answered == requested || answered.count == 1 && answered.first == requested.first
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

extension Guests.Guest {
    fileprivate var isDevice: Bool { if case .device = self { true } else { false } }
}

extension ClockTime {
    fileprivate var seconds: Double { Double(nanoseconds) / 1e9 }
}

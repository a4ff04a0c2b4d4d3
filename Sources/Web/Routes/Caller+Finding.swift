// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Footage
internal import HTTP

extension Caller {
    static let cookie = "martlet-session"

    /// Who sent a request, by its cookie or its token.
    ///
    /// - Throws: ``Problem`` for a token that is none of ours, and while nobody knows who may come in.
    static func of(_ request: HTTPRequest, _ backend: Backend) async throws -> Caller {
        if let text = request.cookie(cookie) {
            let now = UTCTime.now.nanoseconds / 1_000_000_000
            if let user = try await backend.access().user(ofSession: text, at: now) { return .user(user) }
        }
        let guests = await backend.guests()
        if let words = request.header("Authorization") {
            guard words.hasPrefix("Bearer "), let token = guests.token(String(words.dropFirst(7))) else {
                throw Problem(401, "this token is not known here")
            }
            return .device(token)
        }
        return guests.isEmpty && request.isFromThisMachine ? .machine : .nobody
    }
}

extension HTTPRequest {
    /// Whether it comes from this machine, and was meant for it.
    ///
    /// A page whose name was made to lead here (DNS rebinding) names another host.
    var isFromThisMachine: Bool {
        let isLoopback = address == "::1" || address.hasPrefix("127.") || address.hasPrefix("::ffff:127.")
        guard isLoopback, header("X-Forwarded-For") == nil, header("Forwarded") == nil else { return false }
        var host = header("Host") ?? ""
        if let colon = host.lastIndex(of: ":"), host[colon...].dropFirst().allSatisfy(\.isNumber) {
            host = String(host[..<colon])
        }
        return host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
    }
}

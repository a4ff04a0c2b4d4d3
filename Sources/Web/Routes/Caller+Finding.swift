// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Footage
internal import Glibc
internal import HTTP

extension Caller {
    static let cookie = "martlet-session"

    /// Who sent a request, by its cookie or its token.
    ///
    /// - Throws: ``Problem`` for a token that is none of ours, and while nobody knows who may come in.
    static func of(_ request: HTTPRequest, _ backend: Backend) async throws(Problem) -> Caller {
        if let text = request.cookie(cookie) {
            let now = UTCTime.now.nanoseconds / 1_000_000_000
            do { if let user = try await backend.access().user(ofSession: text, at: now) { return .user(user) } } catch
            {
                // Why is the machine's own business, and in its log.
                throw Problem(503, "users and tokens cannot be read now", retryAfter: 2)
            }
        }
        let guests = await backend.guests()
        if let words = request.header("Authorization") {
            // The scheme's name is the same in any case (RFC 9110, 11.1).
            guard words.lowercased().hasPrefix("bearer "), let token = guests.token(String(words.dropFirst(7))) else {
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
        // Through a proxy on this machine the whole world comes from it.
        let isPassedOn = ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"].contains { header($0) != nil }
        guard Self.isLoopback(address), !isPassedOn else { return false }
        var host = header("Host") ?? ""
        if let colon = host.lastIndex(of: ":"), host[colon...].dropFirst().allSatisfy(\.isNumber) {
            host = String(host[..<colon])
        }
        var bytes = in_addr()
        // 127.evil.example is anybody's name.
        let isLoopbackAddress = inet_pton(AF_INET, host, &bytes) == 1 && host.hasPrefix("127.")
        return host == "localhost" || host == "[::1]" || isLoopbackAddress
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import GLib
internal import HTTP
internal import Synchronization

/// Answers requests from one table of routes: finds out who asks, whether that may be, and what is wrong if not.
struct Router: Sendable {
    static let prefix = ["api", "v1"]
    private let routes: [Route]
    private let backend: Backend

    init(_ routes: [Route], _ backend: Backend) { (self.routes, self.backend) = (routes, backend) }

    /// `nil` for what is not the API's.
    func answer(_ request: HTTPRequest) async -> HTTPResponse? {
        guard let path = request.path else { return Problem(400, "the path or the query is not UTF-8").response }
        guard path.starts(with: Self.prefix) else { return nil }
        do {
            return try await answer(request, Array(path.dropFirst(Self.prefix.count)))
        } catch let problem as Problem {
            return problem.response
        } catch {
            // Why is the machine's own business, and in its log.
            Log.write(.warning, "HTTP: \(error)", budget: "web")
            return Problem(503, "this cannot be done now: the service's log says why").response
        }
    }

    private func answer(_ request: HTTPRequest, _ parts: [String]) async throws -> HTTPResponse {
        let found = routes.compactMap { route in route.match(parts).map { (route, $0) } }
        guard !found.isEmpty else { throw Problem(404, "there is nothing at \("/" + parts.joined(separator: "/"))") }
        // Of what is made as it is asked for nobody knows the head alone.
        let isHead = request.method == "HEAD" && found.contains { $0.0.path == "/chunks/{id}/media" }
        let method = isHead ? "GET" : request.method
        guard let (route, parameters) = found.first(where: { $0.0.method.rawValue == method }) else {
            var response = Problem(405, "\(request.method) is not for this").response
            response.headers.append(("Allow", Set(found.map(\.0.method.rawValue)).sorted().joined(separator: ", ")))
            return response
        }
        if route.method != .get { try SameOrigin.check(request) }
        let caller = try await Caller.of(request, backend)
        try admit(caller, to: route, parameters, from: request)
        let call = Call(request: request, parameters: parameters, caller: caller, backend: backend)
        var response = try await route.handler(call)
        if route.access != .anybody, route.method == .get { response.isStillWanted = { await call.isStillWelcome } }
        // A device takes what it was made to take, over and over.
        if let note = route.note, case .user(let user) = caller, !isHead, (200..<300).contains(response.status) {
            await call.note(note.action, note.what(call), by: user.name)
        }
        return response
    }

    private func admit(
        _ caller: Caller,
        to route: Route,
        _ parameters: [String: String],
        from request: HTTPRequest
    ) throws(Problem) {
        if route.access == .publisher {
            guard case .device(let token) = caller else {
                throw caller.role == nil ? Problem(401, "show the camera's token") : Problem(403, "this is for cameras")
            }
            guard token.rights.mayPublish, parameters["camera"] == token.camera else {
                throw Problem(403, "this token is not for this")
            }
            return
        }
        guard case .role(let wanted, let orToken) = route.access else { return }
        if case .device(let token) = caller {
            // A route that names no camera asks for itself whose footage it is.
            let isTheirs = parameters["camera"].map { $0 == token.camera } ?? true
            if orToken, token.rights.mayRead, isTheirs { return }
            throw Problem(403, "this token is not for this")
        }
        guard let role = caller.role else { throw Problem(401, "log in first: POST /api/v1/session") }
        guard role >= wanted else {
            Log.write(
                .warning,
                "HTTP: \(request.method) \(route.path) is for \(wanted.rawValue)s (from \(request.address))",
                budget: "access"
            )
            throw Problem(403, "this is for \(wanted.rawValue)s")
        }
    }
}

/// Whether a request that changes something comes from a page of this server's, or from no page at all.
enum SameOrigin {
    /// - Throws: ``Problem`` if another site's page may have sent it.
    static func check(_ request: HTTPRequest) throws(Problem) {
        // Only these of our methods can be sent by a form of another site without having asked first (CORS), and not with
        // these types.
        guard request.method == "POST" || !request.body.isEmpty else { return }
        let type = request.header("Content-Type")?.prefix { $0 != ";" }.lowercased() ?? ""
        // No browser adds a token by itself.
        if type == "application/octet-stream", request.header("Authorization") != nil { return }
        guard ["application/json", "application/sdp"].contains(type) else {
            throw Problem(415, "the content type must be application/json")
        }
        guard let origin = request.header("Origin") else { return }
        let host = request.header("Host") ?? ""
        guard origin == "http://\(host)" || origin == "https://\(host)" else {
            throw Problem(403, "the page of another site has sent this")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Footage
internal import HTTP

/// One thing that the API does: what leads to it, who may do it, and how it is done.
struct Route: Sendable {
    enum Method: String, CaseIterable, Sendable {
        case get = "GET"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// Who may.
    enum Access: Equatable, Sendable {
        /// Anybody.
        case anybody
        /// Whoever is logged in with this role or a higher one; and, if it says so, a token to read of the camera in question.
        case role(Role, orToken: Bool = false)
        /// A camera, with its token to publish.
        case publisher
    }

    let method: Method
    /// Below `/api/v1`; a part in braces is a parameter: `/cameras/{camera}/timeline`.
    let path: String
    let access: Access
    let summary: String
    /// The query's parameters, with what they are.
    let query: [String: String]
    /// What is kept of it when it was done, if it is something to answer for.
    private(set) var note: Note?
    let handler: @Sendable (Call) async throws -> HTTPResponse

    /// As the audit log has it; `what` says to what it was done, if the parameters do not.
    struct Note: Sendable {
        let action: AuditEntry.Action
        let what: @Sendable (Call) -> String
    }

    init(
        _ method: Method,
        _ path: String,
        _ access: Access,
        _ summary: String,
        query: [String: String] = [:],
        _ handler: @escaping @Sendable (Call) async throws -> HTTPResponse
    ) {
        (self.method, self.path, self.access, self.summary) = (method, path, access, summary)
        (self.query, self.handler) = (query, handler)
    }

    /// The same, noted in the audit log when it was done.
    func noted(
        _ action: AuditEntry.Action,
        _ what: @escaping @Sendable (Call) -> String = { $0.inWords }
    ) -> Route {
        var route = self
        route.note = Note(action: action, what: what)
        return route
    }

    /// The path's parameters, if it is this one's.
    func match(_ parts: [String]) -> [String: String]? {
        let pattern = path.split(separator: "/")
        guard pattern.count == parts.count else { return nil }
        var parameters: [String: String] = [:]
        for (piece, part) in zip(pattern, parts) {
            if piece.first == "{" {
                guard !part.isEmpty else { return nil }
                parameters[String(piece.dropFirst().dropLast())] = part
            } else if piece != part {
                return nil
            }
        }
        return parameters
    }
}

/// A request that has been let in.
struct Call: Sendable {
    let request: HTTPRequest
    let parameters: [String: String]
    let caller: Caller
    let backend: Backend

    subscript(_ name: String) -> String { parameters[name] ?? "" }

    /// A time of the query.
    func time(_ name: String) throws(Problem) -> UTCTime? {
        guard let text = request.query[name] else { return nil }
        guard let time = UTCTime(rfc3339: text) else {
            throw Problem(400, "'\(name)' is no time such as 2026-11-21T10:20:00Z: \(text.prefix(40))")
        }
        return time
    }

    /// `from` and `to` of the query, which must be there.
    func span() throws(Problem) -> Range<UTCTime> {
        guard let from = try time("from"), let to = try time("to") else {
            throw Problem(
                400,
                "'from' and 'to' are missing, such as ?from=2026-11-21T10:20:00Z&to=2026-11-21T10:30:00Z"
            )
        }
        guard from < to else { throw Problem(400, "'from' must be before 'to'") }
        return from..<to
    }

    /// - Throws: ``Problem`` for a camera that there is not, and of which there is no footage.
    func mustKnowCamera() async throws {
        let camera = self["camera"]
        if await backend.feed(camera) != nil { return }
        guard try await backend.store().index.firstStart(of: camera) != nil else {
            throw Problem(404, "there is no camera '\(camera)'")
        }
    }

    /// A number of the query.
    func number(_ name: String) throws(Problem) -> Double? {
        guard let text = request.query[name] else { return nil }
        guard let number = Double(text), number.isFinite else {
            throw Problem(400, "'\(name)' is no number: \(text.prefix(40))")
        }
        return number
    }

    /// What it is about: `2026-11-21T10:20:00.000Z … 2026-11-21T10:30:00.000Z till`.
    var inWords: String {
        let names = parameters.sorted { $0.key < $1.key }.map(\.value)
        return (spanInWords + names).joined(separator: " ")
    }

    /// As it was understood, not as it was written.
    var spanInWords: [String] {
        let times = ["from", "to"].compactMap { request.query[$0].flatMap(UTCTime.init(rfc3339:))?.rfc3339 }
        return times.isEmpty ? [] : [times.joined(separator: " … ")]
    }

    /// The body as JSON.
    func body<Value: Decodable>(_ type: Value.Type) throws(Problem) -> Value {
        try JSONText.read(type, from: request.body)
    }
}

/// Who asks.
enum Caller: Equatable, Sendable {
    case nobody
    /// Of this machine, while there is nobody else who could.
    case machine
    case user(User)
    case device(DeviceToken)
    /// A store that this camera has gone to.
    case store(of: String)

    /// Whose footage it is about, for who may see that of one camera alone.
    var onlyCamera: String? {
        switch self {
        case .nobody, .machine, .user: nil
        case .device(let token): token.camera
        case .store(let camera): camera
        }
    }

    /// For the log and for counting.
    var name: String {
        switch self {
        case .nobody, .machine, .store: ""
        case .user(let user): user.name
        case .device(let token): token.id
        }
    }

    var role: Role? {
        switch self {
        case .nobody, .device, .store: nil
        case .machine: .viewer
        case .user(let user): user.role
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib
internal import HTTP
package import Media

/// Answers what a store asks that this camera comes to, by the same routes as one that comes here.
package struct CardAnswers: Sendable {
    private let routes: [Route]
    private let backend: Backend
    private let camera: String
    /// An answer is in memory as a whole, and no store takes a larger one.
    private static let limit = 1 << 20

    /// About one camera's footage alone.
    package init(_ backend: Backend, camera: String) {
        let reader = ChunkReader()
        let media = FootageRoutes(reader: reader).routes.filter { $0.path == "/chunks/{id}/media" && $0.method == .get }
        (routes, self.backend, self.camera) = (CardRoutes(reader: reader).routes + media, backend, camera)
    }

    package func answer(_ question: CardExchange.Question) async -> CardExchange.Answer {
        do { return try await perform(question) } catch let problem as Problem {
            return .init(status: problem.status, body: Array(problem.detail.utf8))
        } catch {
            Log.write(.warning, "the store's question cannot be answered: \(error)", budget: "web")
            return .init(status: 503, body: [])
        }
    }

    private func perform(_ question: CardExchange.Question) async throws -> CardExchange.Answer {
        let parts = question.path.split(separator: "?", maxSplits: 1)
        let names = (parts.first ?? "").split(separator: "/").map(String.init)
        let found = routes.lazy.filter { $0.method.rawValue == question.method }
            .compactMap { route in route.match(names).map { (route, $0) } }.first
        guard let (route, parameters) = found, parameters["camera"] ?? camera == camera else {
            throw Problem(404, "this camera does not answer that")
        }
        var query: [String: [String]] = [:]
        for pair in parts.dropFirst().joined().split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            if sides.count == 2 { query[sides[0], default: []].append(sides[1]) }
        }
        var headers: [String: String] = [:]
        headers["Range"] = question.range
        let request = HTTPRequest(
            method: question.method,
            path: names,
            query: query,
            headers: headers,
            body: Array((question.body ?? "").utf8)
        )
        // Of this camera's footage alone: so says its caller, as a token would.
        let call = Call(request: request, parameters: parameters, caller: .store(of: camera), backend: backend)
        let response = try await route.handler(call)
        return .init(status: response.status, body: try await bytes(of: response, question.range))
    }

    private func bytes(of response: HTTPResponse, _ range: String?) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        switch response.body {
        case .none: break
        case .bytes(let all): bytes = all
        case .file(let path):
            let file = try RandomAccessFile(path)
            guard case .part(let part) = ByteRange(range, of: Int(try file.byteCount())), part.count <= Self.limit
            else {
                throw Problem(416, "ask for \(Self.limit) bytes at most")
            }
            bytes = try file.read(UInt64(part.lowerBound)..<UInt64(part.upperBound))
        case .stream: throw Problem(404, "this camera does not answer that")
        }
        guard bytes.count <= Self.limit else { throw Problem(413, "the answer is larger than \(Self.limit) bytes") }
        return bytes
    }
}

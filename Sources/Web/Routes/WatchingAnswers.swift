// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import HTTP

/// What is asked by programs that watch machines, where they expect it: outside the API.
struct WatchingAnswers: Sendable {
    let backend: Backend

    /// `nil` for what is something else.
    func answer(_ request: HTTPRequest) async -> HTTPResponse? {
        guard let path = request.path, path == ["healthz"] || path == ["metrics"] else { return nil }
        guard ["GET", "HEAD"].contains(request.method) else {
            return Problem(405, "\(request.method) is not for this").response
        }
        do {
            return path == ["healthz"] ? try await health() : try await metrics(request)
        } catch let problem as Problem {
            return problem.response
        } catch {
            Log.write(.warning, "HTTP: \(error)", budget: "web")
            return Problem(503, "the status is not known").response
        }
    }

    /// Tells nothing but whether what is to be recorded is.
    private func health() async throws -> HTTPResponse {
        let isWell = try StatusFigures(await backend.status()).isRecorded
        let text = isWell ? "ok\n" : "not recording\n"
        return HTTPResponse(isWell ? 200 : 503, type: "text/plain", Array(text.utf8), [("Cache-Control", "no-store")])
    }

    private func metrics(_ request: HTTPRequest) async throws -> HTTPResponse {
        var camera: String?
        // What runs on this machine itself may know how it is.
        if !request.isFromThisMachine {
            switch try await Caller.of(request, backend) {
            case .machine, .user: break
            case .device(let token) where token.rights.mayRead: camera = token.camera
            case .device, .store: throw Problem(403, "this token is not for this")
            case .nobody: throw Problem(401, "log in first, or show a token")
            }
        }
        let status = try StatusFigures(await backend.status())
        var bytes: [String: Int] = [:]
        for each in status.cameras ?? [] { bytes[each.name] = await backend.feed(each.name)?.statistics.bytes }
        return HTTPResponse(
            type: "text/plain; version=0.0.4; charset=utf-8",
            Array(Metrics.text(status, bytes: bytes, of: camera).utf8),
            [("Cache-Control", "no-store")]
        )
    }
}

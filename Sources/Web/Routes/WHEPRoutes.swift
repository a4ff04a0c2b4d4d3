// SPDX-License-Identifier: Apache-2.0
internal import HTTP
internal import Media
internal import Synchronization

/// Live video over WebRTC (WHEP, draft-ietf-wish-whep): an offer in, an answer out, and a resource to end it.
final class WHEPRoutes: Sendable {
    private let library: PipelineLibrary
    private struct Place {
        let caller: Caller
        let camera: String
        /// `nil` while it is being made.
        var session: WebRTCSession?
    }

    private let places = Mutex<[String: Place]>([:])
    /// Each costs some threads and sockets.
    private static let limit = 64
    /// Of one user: some pages with a wall of cameras each.
    private static let limitOfOne = 32

    init(library: PipelineLibrary) { self.library = library }

    var routes: [Route] {
        [
            Route(.post, "/cameras/{camera}/whep", .role(.viewer), "Watch live over WebRTC (WHEP)") { [self] call in
                try await offer(call)
            },
            Route(.delete, "/cameras/{camera}/whep/{id}", .role(.viewer), "Watch no longer") { [self] call in
                let place = places.withLock { places -> Place? in
                    guard let place = places[call["id"]], place.caller == call.caller, place.camera == call["camera"]
                    else { return nil }
                    return places.removeValue(forKey: call["id"])
                }
                guard let place else { throw Problem(404, "there is no such session") }
                place.session?.stop()
                return HTTPResponse(204)
            },
        ]
    }

    private func offer(_ call: Call) async throws -> HTTPResponse {
        let camera = call["camera"]
        guard let feed = await call.backend.feed(camera) else { throw Problem(404, "there is no camera '\(camera)'") }
        guard call.request.header("Content-Type")?.hasPrefix("application/sdp") == true else {
            throw Problem(415, "an offer is application/sdp")
        }
        guard let codec = feed.run?.codec else {
            throw Problem(503, "no video comes from '\(camera)' now", retryAfter: 2)
        }
        guard codec == .h264 else {
            throw Problem(415, "the camera sends \(codec), which browsers take in live.mp4 alone")
        }
        // Nobody else can guess it, and so end it.
        let id = (0..<4).map { _ in String(UInt32.random(in: 0 ... .max), radix: 16) }.joined()
        let isThere = places.withLock { places in
            let own = places.values.count { $0.caller == call.caller }
            guard places.count < Self.limit, own < Self.limitOfOne else { return false }
            places[id] = Place(caller: call.caller, camera: camera)
            return true
        }
        guard isThere else { throw Problem(503, "too many watch over WebRTC already", retryAfter: 10) }
        do {
            let offer = String(decoding: call.request.body, as: UTF8.self)
            let session = try WebRTCSession(of: feed, library.description(WebRTCSession.pipeline), offer: offer)
            places.withLock { $0[id]?.session = session }
            let answer = try await session.answer(offer) { [weak self] in
                self?.places.withLock { _ = $0.removeValue(forKey: id) }
            }
            call.watch(session)
            return HTTPResponse(
                201,
                type: "application/sdp",
                Array(answer.utf8),
                [("Location", "/api/v1/cameras/\(camera)/whep/\(id)"), ("Cache-Control", "no-store")]
            )
        } catch {
            places.withLock { _ = $0.removeValue(forKey: id) }
            throw error
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import HTTP
internal import ISOBaseMedia

/// What a store asks a camera, to have what the network lost: which chunks there are, what is in them, and that it may delete
/// them.
struct CardRoutes: Sendable {
    let reader: ChunkReader

    /// More in one answer would take long to make.
    private static let listed = 200
    private static let hashed = 5000

    var routes: [Route] {
        [
            Route(
                .get,
                "/cameras/{camera}/card",
                .role(.operator, orToken: true),
                "The chunks that no store has acknowledged yet, by their numbers",
                query: [
                    "after": "the number behind which to go on",
                    "acknowledged": "true for those as well that were acknowledged, for a store that was made anew",
                ]
            ) { call in HTTPResponse(json: try await Self.listing(call)) },
            Route(
                .post,
                "/cameras/{camera}/card/acknowledged",
                .role(.operator, orToken: true),
                "A store has these chunks, which are the first to be deleted then; or it wants none of them"
            ) { call in HTTPResponse(json: try await Self.acknowledge(call)) },
            Route(
                .get,
                "/chunks/{id}/index.mp4",
                .role(.operator, orToken: true),
                "A chunk's index without its media: one moov box, whose places are those in the chunk's file"
            ) { [reader] call in
                let (chunk, store) = try await FootageRoutes.chunk(call)
                guard let (index, bytes) = try await reader.index(of: chunk, in: store.directory) else {
                    return HTTPResponse(204, [("Cache-Control", "no-store")])
                }
                return HTTPResponse(
                    type: "video/mp4",
                    index,
                    [("Cache-Control", "no-store"), ("Martlet-Bytes", String(bytes))]
                )
            },
            Route(
                .get,
                "/chunks/{id}/hashes",
                .role(.operator, orToken: true),
                "SHA-256 of each of a chunk's frames",
                query: ["frames": "numbers of frames, such as 0-150"]
            ) { [reader] call in
                guard let frames = call.request.query["frames"].flatMap(FootageRoutes.frames) else {
                    throw Problem(400, "'frames' are numbers such as ?frames=0-150")
                }
                guard frames.count <= Self.hashed else { throw Problem(422, "ask for \(Self.hashed) frames at most") }
                let (chunk, store) = try await FootageRoutes.chunk(call)
                guard let hashes = try await reader.hashes(of: chunk, in: store.directory, frames: frames) else {
                    throw Problem(404, "there are no such frames")
                }
                return HTTPResponse(json: FrameHashes(sha256: hashes))
            },
        ]
    }

    private static func listing(_ call: Call) async throws -> CardListing {
        try await call.mustKnowCamera()
        var last: Int64 = 0
        if let text = call.request.query["after"] {
            guard let number = Int64(text) else {
                throw Problem(400, "'after' is no chunk's number: \(text.prefix(40))")
            }
            last = number
        }
        let camera = call["camera"]
        let store = try await call.backend.store()
        let found = try await store.index.fetchable(
            of: camera,
            after: last,
            acknowledged: call.request.query["acknowledged"] == "true",
            limit: listed + 1
        )
        var runs: [Int64: Run] = [:]
        var entries: [CardListing.Entry] = []
        for chunk in found.prefix(listed) {
            if runs[chunk.run] == nil { runs[chunk.run] = try await store.index.run(chunk.run) }
            // A run is in the index before its first chunk, but for a moment after a crash.
            if let run = runs[chunk.run] { entries.append(CardListing.Entry(chunk, of: run)) }
        }
        let reading = WallClock.system.read()
        let from = found.first.map { $0.start - .seconds(3600) } ?? reading.utc
        let gaps = try await store.index.gaps(camera: camera, from: from)
        return CardListing(
            camera: camera,
            card: store.identity,
            boot: WallClock.system.boot,
            mediaTime: reading.monotonic,
            oldest: try await store.index.firstNumber(of: camera),
            isShort: try store.isUnacknowledgedShort(try await store.index.acknowledgement(of: camera)),
            chunks: entries,
            more: found.count > listed,
            gaps: gaps.suffix(listed).map(CardListing.Absence.init)
        )
    }

    private struct Acknowledgement: Decodable {
        let card: String
        let chunks: [Int64]
        /// It wants none of them.
        let declined: Bool?
    }

    private struct Acknowledged: Encodable {
        let acknowledged: Int
    }

    private static func acknowledge(_ call: Call) async throws -> Acknowledged {
        try await call.mustKnowCamera()
        let body = try call.body(Acknowledgement.self)
        let store = try await call.backend.store()
        // A number means another chunk on another card.
        guard body.card == store.identity else { throw Problem(409, "there is another card in the camera now") }
        guard body.chunks.count <= 1000 else { throw Problem(422, "acknowledge 1000 chunks at a time") }
        return Acknowledged(
            acknowledged: try await store.index.acknowledge(
                body.chunks,
                of: call["camera"],
                declined: body.declined ?? false
            )
        )
    }
}

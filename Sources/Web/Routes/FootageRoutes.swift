// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import HTTP
internal import ISOBaseMedia

/// What is recorded: when, in which files, and as players take it.
struct FootageRoutes: Sendable {
    let reader: ChunkReader

    private static let spanParameters = ["from": "a time (RFC 3339)", "to": "a time"]

    var routes: [Route] {
        [
            Route(
                .get,
                "/cameras/{camera}/timeline",
                .role(.viewer, orToken: true),
                "What there is of a camera in a span, and what is missing and why",
                query: Self.spanParameters
            ) { call in HTTPResponse(json: try await Self.timeline(call)) },
            Route(
                .get,
                "/cameras/{camera}/chunks",
                .role(.viewer, orToken: true),
                "The chunks that reach into a span",
                query: Self.spanParameters.merging(["limit": "at most so many", "cursor": "where to go on"]) { $1 }
            ) { call in HTTPResponse(json: try await Self.chunks(call)) },
            Route(
                .get,
                "/cameras/{camera}/media",
                .role(.viewer),
                "What a player needs to know of the chunks that reach into a span",
                query: Self.spanParameters
            ) { [reader] call in HTTPResponse(json: try await Self.media(call, reader)) },
            Route(
                .get,
                "/cameras/{camera}/footage.m3u8",
                .role(.viewer, orToken: true),
                "A span for players of HLS; without its end it grows",
                query: Self.spanParameters
            ) { [reader] call in try await Self.playlist(call, reader) },
            Route(.get, "/chunks/{id}", .role(.viewer, orToken: true), "One chunk") { call in
                HTTPResponse(json: ListedChunk(try await Self.chunk(call).chunk))
            },
            Route(
                .get,
                "/chunks/{id}/init.mp4",
                .role(.viewer, orToken: true),
                "A chunk's initialisation segment"
            ) { [reader] call in
                let (chunk, store) = try await Self.chunk(call)
                return Self.media(try await reader.initialisation(of: chunk, in: store.directory), chunk)
            },
            Route(
                .get,
                "/chunks/{id}/segment.mp4",
                .role(.viewer, orToken: true),
                "A media segment of a chunk's frames",
                query: [
                    "from": "seconds from the chunk's beginning", "to": "seconds",
                    "keyframes": "true for keyframes alone",
                    "frames": "numbers of frames, as a playlist has them, instead",
                ]
            ) { [reader] call in try await Self.segment(call, reader) },
            Route(.get, "/chunks/{id}/media", .role(.operator, orToken: true), "A chunk's file") { call in
                try await Self.file(call)
            }
            .noted(.download) { "chunk \($0["id"])" },
            Route(.patch, "/chunks/{id}", .role(.operator), "Protect a chunk, or release it") { call in
                let change = try call.body(Protection.self)
                let (chunk, store) = try await Self.chunk(call)
                _ = try await store.index.setProtected(change.protected, [chunk.id])
                return HTTPResponse(json: ListedChunk(try await Self.chunk(call).chunk))
            }
            .noted(.protect) { call in
                let isOn = (try? call.body(Protection.self))?.protected ?? false
                return "chunk \(call["id"]) \(isOn ? "protected" : "released")"
            },
            Route(.delete, "/chunks/{id}", .role(.operator), "Remove a chunk") { call in
                let (chunk, store) = try await Self.chunk(call)
                guard chunk.state != .open else { throw Problem(409, "this chunk is being written") }
                guard !chunk.isProtected else { throw Problem(409, "this chunk is protected: release it first") }
                guard try await store.remove(chunk) else { throw Problem(409, "this chunk is protected, or gone") }
                return HTTPResponse(204)
            }
            .noted(.remove) { "chunk \($0["id"])" },
        ]
    }

    // MARK: Documents

    private struct Protection: Decodable {
        let protected: Bool
    }

    /// As `martlet chunks list --json` has it, but for the directory, which is the machine's own business.
    private struct ListedChunk: Encodable {
        let id: Int64
        let camera: String
        let start: String
        let length: Double
        let size: Int64
        let frames: Int
        let state: String
        let origin: String
        let protected: Bool
        let file: String

        init(_ chunk: Chunk) {
            (id, camera, start, frames) = (chunk.id, chunk.camera, chunk.start.rfc3339, chunk.frames)
            // Of one that is being written the index has the beginning alone.
            let duration = chunk.state == .open ? max(.zero, UTCTime.now - chunk.start) : chunk.duration
            (length, size, state) = (duration / .seconds(1), chunk.bytes, chunk.state.rawValue)
            (origin, protected, file) = (chunk.origin.rawValue, chunk.isProtected, chunk.path)
        }
    }

    private struct Page: Encodable {
        let chunks: [ListedChunk]
        let cursor: String?
    }

    private struct Pieces: Encodable {
        let pieces: [ListedPiece]
    }

    private struct ListedPiece: Encodable {
        let chunk: Int64
        let start: String
        let startNs: String
        let duration: Double
        /// Where the piece begins in its chunk, in seconds, if it is only a part of it.
        let offset: Double?
        let open: Bool
        let mime: String
        let width: Int
        let height: Int

        private enum CodingKeys: String, CodingKey {
            case chunk, start
            case startNs = "start-ns"
            case duration, offset, open, mime, width, height
        }

        init?(_ piece: ChunkReader.Piece) {
            guard let type = piece.table.description.mimeType else { return nil }
            let all = Duration.zero..<max(piece.table.length, .zero)
            let part = piece.showing.clamp(all)
            guard !part.isEmpty || all.isEmpty else { return nil }
            let begin = piece.chunk.start + part.lowerBound
            (chunk, start, mime) = (piece.chunk.id, begin.rfc3339, type)
            startNs = String(begin.nanoseconds)
            offset = piece.showing.part.map { _ in part.lowerBound / .seconds(1) }
            duration = (part.upperBound - part.lowerBound) / .seconds(1)
            open = piece.chunk.state == .open && part.upperBound == all.upperBound
            (width, height) = (piece.table.width, piece.table.height)
        }
    }

    // MARK: Answers

    private static let defaultLimit = 500
    /// More entries than a page shows at a time.
    private static let chunkLimit = 5000
    /// A player asks for some minutes.
    private static let mediaLimit = Duration.seconds(24 * 3600)

    static func chunk(_ call: Call) async throws -> (chunk: Chunk, store: ChunkStore) {
        guard let id = Int64(call["id"]) else { throw Problem(404, "'\(call["id"])' is no chunk's number") }
        let store = try await call.backend.store()
        guard let chunk = try await store.index.chunk(id), chunk.state != .deleting else {
            throw Problem(404, "there is no chunk \(id), or it is gone")
        }
        if let camera = call.caller.onlyCamera, camera != chunk.camera {
            throw Problem(403, "this token is not for this")
        }
        return (chunk, store)
    }

    private static func timeline(_ call: Call) async throws -> TimelineDocument {
        let span = try call.span()
        let index = try await call.backend.store().index
        let camera = call["camera"]
        let showings = try await index.showings(camera: camera, from: span.lowerBound, to: span.upperBound)
        let gaps = try await index.gaps(camera: camera, from: span.lowerBound, to: span.upperBound)
        var runs: [Int64: Run] = [:]
        for key in Set(showings.map(\.chunk.run)) { runs[key] = try await index.run(key) }
        let oldest = try await index.firstStart(of: camera)
        guard !showings.isEmpty || !gaps.isEmpty || oldest != nil else {
            guard await call.backend.feed(camera) != nil else { throw Problem(404, "there is no camera '\(camera)'") }
            return TimelineDocument(camera, span, showings: [], gaps: [], runs: [:], oldest: nil)
        }
        return TimelineDocument(camera, span, showings: showings, gaps: gaps, runs: runs, oldest: oldest)
    }

    private static func chunks(_ call: Call) async throws -> Page {
        let (from, to) = (try call.time("from"), try call.time("to"))
        try await call.mustKnowCamera()
        let limit = try call.number("limit").map { Int(max(1, min($0, Double(chunkLimit)))) } ?? defaultLimit
        var start = from
        if let cursor = call.request.query["cursor"] {
            guard let place = Int64(cursor) else { throw Problem(400, "'cursor' is none of this server's") }
            start = UTCTime(nanoseconds: place)
        }
        let index = try await call.backend.store().index
        let found = try await index.chunks(camera: call["camera"], from: start, to: to)
            .filter { $0.state != .deleting && (call.request.query["cursor"] == nil || $0.start >= start ?? $0.start) }
        let more = found.count > limit ? found[limit].start.nanoseconds : nil
        return Page(chunks: found.prefix(limit).map(ListedChunk.init), cursor: more.map { String($0) })
    }

    private static func media(_ call: Call, _ reader: ChunkReader) async throws -> Pieces {
        let span = try call.span()
        guard span.upperBound - span.lowerBound <= mediaLimit else {
            throw Problem(422, "ask for a day at most")
        }
        try await call.mustKnowCamera()
        let store = try await call.backend.store()
        let showings = try await store.index.showings(
            camera: call["camera"],
            from: span.lowerBound,
            to: span.upperBound
        )
        var pieces: [ListedPiece] = []
        for showing in showings where showing.chunk.state != .deleting && showing.chunk.state != .damaged {
            // One that cannot be read costs the others nothing.
            do {
                guard let piece = try await reader.piece(showing, in: store.directory) else { continue }
                let end = piece.chunk.start + piece.table.length
                if end > span.lowerBound, let listed = ListedPiece(piece) { pieces.append(listed) }
            } catch is Problem { continue }
        }
        return Pieces(pieces: pieces)
    }

    private static func playlist(_ call: Call, _ reader: ChunkReader) async throws -> HTTPResponse {
        try await call.mustKnowCamera()
        guard let from = try call.time("from") else {
            throw Problem(400, "'from' is missing, such as ?from=2026-11-21T10:20:00Z")
        }
        let to = try call.time("to") ?? from + mediaLimit
        let now = UTCTime.now
        let end = min(to, now)
        guard from < to else { throw Problem(400, "'from' must be before 'to'") }
        guard from < now else { throw Problem(422, "'from' is yet to come") }
        guard to - from <= mediaLimit else { throw Problem(422, "ask for a day at most") }
        let store = try await call.backend.store()
        var playlist = FootagePlaylist(from..<end)
        for showing in try await store.index.showings(camera: call["camera"], from: from, to: end)
        where showing.chunk.state != .deleting && showing.chunk.state != .damaged {
            // One that cannot be read costs the others nothing.
            do {
                if let piece = try await reader.piece(showing, in: store.directory) { playlist.add(piece) }
            } catch is Problem { continue }
        }
        let isOver = to <= now && !playlist.isGrowing
        guard !playlist.isEmpty || !isOver else {
            throw Problem(404, "nothing of '\(call["camera"])' was recorded in that time")
        }
        return HTTPResponse(
            type: "application/vnd.apple.mpegurl",
            Array(playlist.text(isOver: isOver).utf8),
            [("Cache-Control", "no-store")]
        )
    }

    /// `120-270`: from the 121st frame up to the 270th.
    static func frames(_ text: String) -> Range<Int>? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let first = parts[0], let end = parts[1], 0 <= first, first < end else { return nil }
        return first..<end
    }

    private static func segment(_ call: Call, _ reader: ChunkReader) async throws -> HTTPResponse {
        if let text = call.request.query["frames"] {
            guard let frames = frames(text) else { throw Problem(400, "'frames' are numbers such as ?frames=0-150") }
            let (chunk, store) = try await chunk(call)
            guard let parts = try await reader.segment(of: chunk, in: store.directory, frames: frames) else {
                throw Problem(404, "there are no such frames, or they do not begin with a keyframe")
            }
            return HTTPResponse(
                200,
                [("Content-Type", "video/mp4"), ("Cache-Control", caching(of: chunk))],
                body: .stream(parts.stream)
            )
        }
        guard let from = try call.number("from"), let to = try call.number("to"), from < to, to - from <= 3600 else {
            throw Problem(400, "'from' and 'to' are seconds from the chunk's beginning, such as ?from=12.5&to=17.5")
        }
        let (chunk, store) = try await chunk(call)
        let parts = try await reader.segment(
            of: chunk,
            in: store.directory,
            span: .seconds(from)..<(.seconds(to)),
            keyframesAlone: call.request.query["keyframes"] == "true"
        )
        guard let parts else { return HTTPResponse(204, [("Cache-Control", "no-store")]) }
        return HTTPResponse(
            200,
            [("Content-Type", "video/mp4"), ("Cache-Control", caching(of: chunk))],
            body: .stream(parts.stream)
        )
    }

    private static func caching(of chunk: Chunk) -> String {
        chunk.state == .open ? "no-store" : "private, max-age=86400, immutable"
    }

    private static func media(_ bytes: [UInt8]?, _ chunk: Chunk) -> HTTPResponse {
        guard let bytes else { return HTTPResponse(204, [("Cache-Control", "no-store")]) }
        return HTTPResponse(type: "video/mp4", bytes, [("Cache-Control", caching(of: chunk))])
    }

    private static func file(_ call: Call) async throws -> HTTPResponse {
        let (chunk, store) = try await chunk(call)
        // What is in it already stays where it is, for who knows where; but it is no whole file.
        guard chunk.state != .open || call.request.header("Range") != nil else {
            throw Problem(409, "this chunk is being written: take it when it is finished")
        }
        let path = chunk.state == .open ? chunk.openPath : chunk.path
        let name = chunk.path.split(separator: "/").last.map(String.init) ?? "chunk.mp4"
        return HTTPResponse(
            200,
            [
                ("Content-Type", "video/mp4"), ("Accept-Ranges", "bytes"), ("Cache-Control", "private, no-cache"),
                ("Content-Disposition", "attachment; filename=\"\(name)\""),
            ],
            body: .file("\(store.directory)/\(path)")
        )
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib
internal import HTTP
internal import Media
internal import Synchronization

/// Single pictures, which this machine decodes itself: for what cannot play video.
final class SnapshotRoutes: Sendable {
    private let reader: ChunkReader
    private let library: PipelineLibrary
    private let cache = Mutex<[(key: Key, picture: [UInt8])]>([])
    private let gate = Gate(limit: 2, waiting: 30)

    private struct Key: Equatable {
        let chunk: Int64
        let keyframe: Int
        let width: Int
    }

    /// In pictures; with a width of some hundred pixels about 20 kB each.
    private static let cacheLimit = 128
    /// A larger one is not kept, in bytes.
    private static let keptSize = 256 << 10
    /// A time in a gap shorter than this shows what was before it.
    private static let hole = Duration.seconds(10)
    private static let widths = 16.0...7680.0
    private static let feedLimit = 8 << 20

    init(reader: ChunkReader, library: PipelineLibrary) { (self.reader, self.library) = (reader, library) }

    var routes: [Route] {
        [
            Route(
                .get,
                "/cameras/{camera}/snapshot",
                .role(.viewer, orToken: true),
                "The picture of the keyframe at a time or before it, or the newest",
                query: ["at": "a time (RFC 3339)", "width": "pixels; at most what the camera sends"]
            ) { [self] call in try await snapshot(call) }
        ]
    }

    private func snapshot(_ call: Call) async throws -> HTTPResponse {
        let (camera, time, wanted) = (call["camera"], try call.time("at"), try call.number("width"))
        guard wanted.map(Self.widths.contains) ?? true else {
            throw Problem(400, "'width' is a number of pixels from 16 to 7680")
        }
        let width = wanted.map { Int($0) }
        guard let (chunk, store) = try await chunk(call, camera, time) else {
            guard let feed = await call.backend.feed(camera) else {
                throw Problem(404, "there is no camera '\(camera)'")
            }
            guard time == nil else { throw Problem(404, "nothing of '\(camera)' was recorded at that time") }
            return try await live(feed, width)
        }
        let place = time.map { $0 - chunk.start }
        guard let keyframe = try await reader.keyframe(of: chunk, in: store.directory, at: place) else {
            throw Problem(404, "nothing of '\(camera)' was recorded at that time")
        }
        // Of both halves of the colours there is one for two pixels.
        let pixels = min(width ?? keyframe.width, keyframe.width) & ~1
        let key = Key(chunk: chunk.id, keyframe: keyframe.number, width: pixels)
        let picture: [UInt8]
        if let known = cache.withLock({ $0.first { $0.key == key }?.picture }) {
            picture = known
        } else {
            picture = try await gate.through { [library] in
                try await Snapshot(library.description(Snapshot.pipeline), width: pixels).picture(of: keyframe.file)
            }
            keep(picture, key)
        }
        let isLasting = time != nil && chunk.state != .open
        return Self.response(picture, at: chunk.start + keyframe.time, isLasting: isLasting)
    }

    /// The chunk that has the picture; `nil` if none has.
    private func chunk(
        _ call: Call,
        _ camera: String,
        _ time: UTCTime?
    ) async throws -> (chunk: Chunk, store: ChunkStore)? {
        let store: ChunkStore
        do { store = try await call.backend.store() } catch {
            // Live pictures need no disk.
            if time == nil { return nil }
            throw error
        }
        let moment = time ?? .now
        // What is listed as beginning at a time begins within the millisecond that follows.
        let showings = try await store.index.showings(
            camera: camera,
            from: moment - Self.hole,
            to: moment + .milliseconds(1)
        )
        let found = showings.map(\.chunk).last { chunk in
            chunk.state != .deleting && chunk.state != .damaged && (time != nil || chunk.state == .open)
        }
        return found.map { ($0, store) }
    }

    private func live(_ feed: Feed, _ width: Int?) async throws -> HTTPResponse {
        guard let format = feed.run?.format else {
            throw Problem(503, "no video comes from '\(feed.camera)' now", retryAfter: 2)
        }
        let own = format.int("width") ?? 640
        let picture = try await gate.through { [library] in
            try await Snapshot(library.description(Snapshot.pipeline), width: min(width ?? own, own) & ~1)
                .picture(of: feed, limit: Self.feedLimit)
        }
        return Self.response(picture, at: .now, isLasting: false)
    }

    private static func response(_ picture: [UInt8], at time: UTCTime, isLasting: Bool) -> HTTPResponse {
        HTTPResponse(
            type: "image/jpeg",
            picture,
            [
                ("Martlet-Time", time.rfc3339),
                ("Cache-Control", isLasting ? "private, max-age=86400, immutable" : "no-store"),
            ]
        )
    }

    private func keep(_ picture: [UInt8], _ key: Key) {
        guard picture.count <= Self.keptSize else { return }
        cache.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeFirst() }
            cache.append((key, picture))
        }
    }
}

/// Lets so many through at a time; further ones wait, so many of them.
final class Gate: Sendable {
    private let limit: Int
    private let waitingLimit: Int
    private let state = Mutex((inside: 0, waiting: [CheckedContinuation<Void, Never>]()))

    init(limit: Int, waiting: Int) { (self.limit, waitingLimit) = (limit, waiting) }

    /// - Throws: ``Problem`` if too many wait already, and what `body` throws.
    func through<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        let isFull = await enter()
        if isFull { throw Problem(503, "too many pictures are wanted at once: try again", retryAfter: 1) }
        defer { leave() }
        return try await body()
    }

    private func enter() async -> Bool {
        let entry = state.withLock { state -> Bool? in
            if state.inside < limit {
                state.inside += 1
                return false
            }
            return state.waiting.count >= waitingLimit ? true : nil
        }
        if let entry { return entry }
        await withCheckedContinuation { waiter in
            let mayEnter = state.withLock { state in
                // Somebody may have left meanwhile.
                if state.inside < limit {
                    state.inside += 1
                    return true
                }
                state.waiting.append(waiter)
                return false
            }
            if mayEnter { waiter.resume() }
        }
        return false
    }

    /// Whoever waits longest takes the place.
    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.inside -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Footage
internal import Glibc
internal import HTTP
internal import Synchronization

/// Footage taken away, as one file.
enum ClipRoutes {
    static let routes = [
        Route(
            .get,
            "/cameras/{camera}/clip",
            .role(.operator),
            "A span as one MP4, cut at the keyframes outside it, never re-encoded",
            query: ["from": "a time (RFC 3339)", "to": "a time"]
        ) { call in try await clip(call) }
        .noted(.export)
    ]

    /// More than one file should be.
    private static let longest = Duration.seconds(24 * 3600)
    /// Making one takes the disk that records.
    private static let isFree = Mutex(true)
    private static let queue = DispatchQueue(label: "clips", attributes: .concurrent)

    private static func clip(_ call: Call) async throws -> HTTPResponse {
        let span = try call.span()
        guard span.upperBound - span.lowerBound <= longest else { throw Problem(422, "ask for a day at most") }
        let store = try await call.backend.store()
        let chunks = try await store.index.chunks(camera: call["camera"], from: span.lowerBound, to: span.upperBound)
            .filter { $0.state != .deleting && $0.state != .damaged }
        guard !chunks.isEmpty else { throw Problem(404, "nothing of '\(call["camera"])' was recorded in that time") }
        let bytes = chunks.reduce(0) { $0 + $1.bytes }
        guard
            isFree.withLock({ free in
                defer { free = false }
                return free
            })
        else {
            throw Problem(503, "another clip is being made: try again when it is done", retryAfter: 5)
        }
        defer { isFree.withLock { $0 = true } }
        let path = try await write(Clip(chunks, in: store.directory, span: span), bytes)
        // The file is open, or mapped, when its name goes: nothing is left behind, whatever happens.
        let name = "\(call["camera"])_\(span.lowerBound.fileName).mp4"
        return HTTPResponse(
            200,
            [
                ("Content-Type", "video/mp4"), ("Cache-Control", "no-store"),
                ("Content-Disposition", "attachment; filename=\"\(name)\""),
            ],
            body: .file(path, isTemporary: true)
        )
    }

    private static func write(_ clip: Clip, _ bytes: Int64) async throws -> String {
        try await withCheckedThrowingContinuation { done in
            queue.async {
                done.resume(
                    with: Result {
                        var room = statvfs()
                        let free =
                            statvfs(temporaryFolder, &room) == 0 ? Int64(room.f_bavail) * Int64(room.f_frsize) : 0
                        // As much again stays free: others need it too.
                        guard free > 2 * bytes else {
                            throw Problem(503, "there is no room for it in \(temporaryFolder): ask for less")
                        }
                        let path = "\(temporaryFolder)/martlet-clip-\(getpid())-\(UInt64.random(in: 0 ... .max)).mp4"
                        do { _ = try clip.write(to: path) } catch let failure as Clip.Failure {
                            throw Problem(404, failure.description)
                        }
                        return path
                    }
                )
            }
        }
    }

    /// On a disk: what is taken away may be larger than memory.
    private static var temporaryFolder: String { "/var/tmp" }
}

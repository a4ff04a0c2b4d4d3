// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib
internal import HTTP
internal import Media
internal import Synchronization

/// How everything is now, and what the cameras show.
final class LiveRoutes: Sendable {
    private let library: PipelineLibrary
    /// What goes on, by who watches.
    private let streams = Mutex<[String: [WeakStream]]>([:])
    /// Of one user or token: a wall of cameras on some pages.
    private static let limitOfOne = 32

    /// Gone with its client.
    private struct WeakStream {
        weak var stream: LiveStream?
    }

    init(library: PipelineLibrary) { self.library = library }

    var routes: [Route] {
        [
            Route(.get, "/status", .role(.viewer), "How everything is") { call in
                HTTPResponse(type: "application/json", await call.backend.status(), [("Cache-Control", "no-store")])
            },
            Route(.get, "/events", .role(.viewer), "The status as it changes (Server-Sent Events)") { call in
                HTTPResponse(
                    200,
                    [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")],
                    body: .stream(Self.events(call))
                )
            },
            Route(.get, "/cameras/{camera}/live.mp4", .role(.viewer, orToken: true), "The live video") { [self] call in
                guard let feed = await call.backend.feed(call["camera"]) else {
                    throw Problem(404, "there is no camera '\(call["camera"])'")
                }
                guard feed.run?.codec != nil else {
                    throw Problem(503, "no video comes from '\(call["camera"])' now", retryAfter: 2)
                }
                let stream = try LiveStream(of: feed, library.description(LiveStream.pipeline))
                try admit(stream, call.caller)
                let response = try await stream.response()
                call.watch(stream)
                return response
            },
        ]
    }

    /// - Throws: ``Problem`` if it is one too many of one user.
    private func admit(_ stream: LiveStream, _ caller: Caller) throws(Problem) {
        let owner = "\(caller.role.map { "\($0)" } ?? "token") \(caller.name)"
        let isOneTooMany = streams.withLock { streams in
            let own = (streams[owner] ?? []).filter { $0.stream.map { !$0.isOver } ?? false }
            streams[owner] = own + (own.count < Self.limitOfOne ? [WeakStream(stream: stream)] : [])
            return own.count >= Self.limitOfOne
        }
        if isOneTooMany {
            throw Problem(503, "you watch \(Self.limitOfOne) cameras already: close one", retryAfter: 5)
        }
    }

    private static let interval = Duration.seconds(1)
    /// A page that hears nothing for longer takes the state for unknown.
    private static let longestSilence = 5

    /// Each second, if anything is other than it was; ends when the session does.
    private static func events(_ call: Call) -> AsyncStream<[UInt8]> {
        let silence = SilenceCount()
        return AsyncStream {
            while !Task.isCancelled {
                if !silence.isFirst {
                    do { try await Task.sleep(for: interval) } catch { return nil }
                }
                guard await call.isStillWelcome else { return nil }
                let status = await call.backend.status()
                guard silence.isNews(status, after: longestSilence) else { continue }
                return Array("event: status\ndata: ".utf8) + status + Array("\n\n".utf8)
            }
            return nil
        }
    }
}

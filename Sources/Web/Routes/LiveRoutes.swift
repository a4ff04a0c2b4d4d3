// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib
internal import HTTP
internal import Media

/// How everything is now, and what the cameras show.
struct LiveRoutes: Sendable {
    let library: PipelineLibrary

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
            Route(.get, "/cameras/{camera}/live.mp4", .role(.viewer, orToken: true), "The live video") { call in
                guard let feed = await call.backend.feed(call["camera"]) else {
                    throw Problem(404, "there is no camera '\(call["camera"])'")
                }
                guard feed.run?.codec != nil else {
                    throw Problem(503, "no video comes from '\(call["camera"])' now", retryAfter: 2)
                }
                let stream = try LiveStream(of: feed, library.description(LiveStream.pipeline))
                let response = try await stream.response()
                call.watch(stream)
                return response
            },
        ]
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

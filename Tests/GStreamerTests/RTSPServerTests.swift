// SPDX-License-Identifier: Apache-2.0
import GLib
import GStreamer
import TestSupport
import Testing

@Suite("RTSP server", .mainLoop, .timeLimit(.minutes(1)))
struct RTSPServerTests {
    private static let accept = ["Accept": "application/sdp"]
    private static let interleaved = ["Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"]

    /// What a factory was asked and told.
    private enum Event: Sendable, Equatable {
        case made(String)
        case started(String, userAgent: String)
        case stopped
    }

    private let events: AsyncStream<Event>
    private let factory: RTSPMediaFactory

    init() {
        let (events, post) = AsyncStream.makeStream(of: Event.self)
        self.events = events
        factory = RTSPMediaFactory(
            .init(
                makeBin: { request in
                    post.yield(.made(request.path))
                    let source =
                        "videotestsrc is-live=true ! video/x-raw,width=160,height=120 ! x264enc tune=zerolatency"
                    return try? Bin.parse("\(source) ! rtph264pay name=pay0 pt=96")
                },
                started: { bin, request in
                    post.yield(.started(bin.element(named: "pay0")?.name ?? "", userAgent: request.userAgent))
                },
                stopped: { _ in post.yield(.stopped) }
            )
        )
    }

    @Test("a path that nothing is mounted at is 404, and one that was unmounted is again")
    @MainLoop
    func notFound() async throws {
        let (server, port) = try serve()
        server.mount(factory, at: "/front-door")
        let client = try RTSPConversation(port: port)
        #expect(try await client.request("DESCRIBE", "/nowhere", Self.accept).status == 404)
        #expect(try await client.request("DESCRIBE", "/", Self.accept).status == 404)
        server.unmount("/front-door")
        #expect(try await client.request("DESCRIBE", "/front-door", Self.accept).status == 404)
        server.close()
    }

    @Test("a camera that is away is 503, and is there for the same client as soon as it is back")
    @MainLoop
    func unavailable() async throws {
        let (server, port) = try serve { $0.userAgent == "patient" }
        server.mount(factory, at: "/front-door")
        let client = try RTSPConversation(port: port)
        #expect(try await client.request("DESCRIBE", "/front-door", Self.accept).status == 503)
        let headers = Self.accept.merging(["User-Agent": "patient"]) { $1 }
        #expect(try await client.request("DESCRIBE", "/front-door", headers).status == 200)
        server.close()
    }

    @Test("a camera that is there is described, played and let go of, and its factory told of each")
    @MainLoop
    func play() async throws {
        let (server, port) = try serve()
        server.mount(factory, at: "/front-door")
        let client = try RTSPConversation(port: port)
        let headers = Self.accept.merging(["User-Agent": "tests/1"]) { $1 }
        let description = try await client.request("DESCRIBE", "/front-door", headers)
        #expect(description.status == 200)
        #expect(description.body.contains("H264/90000"))
        let control = try #require(description.control)
        #expect(try await client.request("SETUP", "/front-door/\(control)", Self.interleaved).status == 200)
        #expect(try await client.request("PLAY", "/front-door").status == 200)
        #expect(try await client.request("TEARDOWN", "/front-door").status == 200)
        var iterator = events.makeAsyncIterator()
        #expect(await iterator.next() == .made("/front-door"))
        #expect(await iterator.next() == .started("pay0", userAgent: "tests/1"))
        #expect(await iterator.next() == .stopped)
        server.close()
    }

    @Test("a client that goes without a word is let go of")
    @MainLoop
    func vanished() async throws {
        let (server, port) = try serve()
        server.mount(factory, at: "/front-door")
        do {
            let client = try RTSPConversation(port: port)
            #expect(try await client.request("DESCRIBE", "/front-door", Self.accept).status == 200)
        }
        #expect(await sees(.stopped))
        server.close()
    }

    @Test("a factory that has no bin to give turns the client away")
    @MainLoop
    func noBin() async throws {
        let (server, port) = try serve()
        let empty = RTSPMediaFactory(.init(makeBin: { _ in nil }, started: { _, _ in }, stopped: { _ in }))
        server.mount(empty, at: "/front-door")
        let client = try RTSPConversation(port: port)
        let status = try await client.request("DESCRIBE", "/front-door", Self.accept).status
        #expect(status >= 400, "\(status)")
        server.close()
    }

    @Test("a server that closes hangs up on everybody, and listens no more")
    @MainLoop
    func close() async throws {
        let (server, port) = try serve()
        server.mount(factory, at: "/front-door")
        let client = try RTSPConversation(port: port)
        #expect(try await client.request("DESCRIBE", "/front-door", Self.accept).status == 200)
        server.close()
        #expect(await client.isClosedByServer())
        #expect(await sees(.stopped))
    }

    @Test("a port that is taken is an error in GLib's words")
    @MainLoop
    func taken() throws {
        let (server, port) = try serve()
        #expect {
            try RTSPServer(host: "127.0.0.1", port: port) { _ in true }
        } throws: { error in
            "\(error)".contains("127.0.0.1:\(port)")
        }
        server.close()
    }

    /// Waits for an event.
    private func sees(_ wanted: Event) async -> Bool {
        for await event in events where event == wanted { return true }
        return false
    }

    @MainLoop private func serve(
        isAvailable: @escaping @Sendable (RTSPRequest) -> Bool = { _ in true }
    ) throws -> (RTSPServer, Int) {
        let port = try freePort()
        return (try RTSPServer(host: "127.0.0.1", port: port, isAvailable: isAvailable), port)
    }
}

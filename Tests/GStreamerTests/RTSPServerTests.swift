// SPDX-License-Identifier: Apache-2.0
import GLib
import GStreamer
import Glibc
import TestSupport
import Testing

@testable import GStreamer

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
        let (server, port) = try serve(isAvailable: { $0.userAgent == "patient" })
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

    @Test("a frame is sent as it comes, though its time has not")
    @MainLoop
    func ahead() async throws {
        let (server, port) = try serve()
        let later = ClockTime.now.nanoseconds + 600_000_000_000
        let source =
            "videotestsrc timestamp-offset=\(later) num-buffers=30 ! video/x-raw,width=160,height=120 "
            + "! x264enc tune=zerolatency ! rtph264pay name=pay0 pt=96"
        let factory = RTSPMediaFactory(
            .init(makeBin: { _ in try? Bin.parse(source) }, started: { _, _ in }, stopped: { _ in })
        )
        server.mount(factory, at: "/front-door")
        let client = try RTSPConversation(port: port)
        let description = try await client.request("DESCRIBE", "/front-door", Self.accept)
        let control = try #require(description.control)
        #expect(try await client.request("SETUP", "/front-door/\(control)", Self.interleaved).status == 200)
        #expect(try await client.request("PLAY", "/front-door").status == 200)
        // Reports are seconds apart, and come in any case.
        var (packets, reports) = (0, 0)
        while packets < 20, reports < 4 {
            if try await client.channelOfNextPacket() == 0 { packets += 1 } else { reports += 1 }
        }
        #expect(packets == 20)
        server.close()
    }

    @Test("no packet waits for the one before it to be acknowledged")
    @MainLoop
    func nagle() async throws {
        let (server, serverPort) = try serve()
        let client = try RTSPConversation(port: serverPort)
        #expect(try await client.request("OPTIONS", "/front-door").status == 200)
        // The server's end is among this process's own descriptors.
        let port = try client.localPort
        let ends = (0..<1024).filter { peerPort(of: $0) == port }
        #expect(ends.count == 1)
        for end in ends {
            var (isSet, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
            let result = getsockopt(end, Int32(IPPROTO_TCP), TCP_NODELAY, &isSet, &length)
            #expect(result == 0 && isSet != 0)
        }
        server.close()
    }

    @Test("each connection has a number of its own, the same for all its requests, which its end is told by")
    @MainLoop
    func numbers() async throws {
        let (asked, ask) = AsyncStream.makeStream(of: UInt.self)
        let (closings, close) = AsyncStream.makeStream(of: UInt.self)
        let authenticator = RTSPAuthenticator { login in
            ask.yield(login.connection)
            return .granted
        }
        let (server, port) = try serve(authenticator: authenticator, closed: { close.yield($0) })
        var numbers = asked.makeAsyncIterator()
        var closed = closings.makeAsyncIterator()
        var seen: Set<UInt> = []
        for _ in 0..<3 {
            let client = try RTSPConversation(port: port)
            for _ in 0..<2 { #expect(try await client.request("OPTIONS", "/front-door").status == 200) }
            let (first, second) = (await numbers.next(), await numbers.next())
            #expect(first == second)
            client.close()
            let last = await closed.next()
            #expect(last == first)
            if let last { seen.insert(last) }
        }
        #expect(seen.count == 3 && !seen.contains(0))
        server.close()
    }

    @Test("a session ends with its connection, and a connection soon after its session")
    @MainLoop
    func afterglow() async throws {
        let (server, port) = try serve(authenticator: RTSPAuthenticator { _ in .granted })
        server.mount(factory, at: "/front-door")
        let torn = try RTSPConversation(port: port)
        #expect(try await torn.play("/front-door") == [200, 200, 200])
        #expect(try await torn.request("TEARDOWN", "/front-door").status == 200)
        // One whose SETUP fails has had a session too.
        let mistaken = try RTSPConversation(port: port)
        let multicast = ["Transport": "RTP/AVP;multicast"]
        #expect(try await mistaken.request("SETUP", "/front-door/stream=0", multicast).status == 461)
        let gone = try RTSPConversation(port: port)
        #expect(try await gone.play("/front-door") == [200, 200, 200])
        #expect(server.sessionCount == 1)
        gone.close()
        try await eventually { server.sessionCount == 0 }
        #expect(await torn.isClosedByServer())
        #expect(await mistaken.isClosedByServer())
        server.close()
    }

    @Test("whoever has not been let in is cut off after ten seconds, and nobody else is")
    @MainLoop
    func strangers() async throws {
        let (server, port) = try serve(
            authenticator: RTSPAuthenticator { $0.path == "/in" ? .granted : .challenged(["Digest realm=\"x\""]) }
        )
        let refused = try RTSPConversation(port: port)
        #expect(try await refused.request("OPTIONS", "/out").status == 401)
        let admitted = try RTSPConversation(port: port)
        #expect(try await admitted.request("OPTIONS", "/in").status == 200)
        let silent = try RTSPConversation(port: port)
        #expect(await silent.isClosedByServer())
        #expect(await refused.isClosedByServer())
        #expect(try await admitted.request("OPTIONS", "/in").status == 200)
        server.close()
    }

    @Test(
        "whoever connects encrypted does not have the machine's authorities read; who is connected to is held to them"
    )
    func authorities() async throws {
        let scratch = try ScratchDirectory()
        let made = try await run(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=x",
            ]
                + ["-keyout", scratch("key"), "-out", scratch("certificate")]
        )
        #expect(made.status == 0, "\(made.errors)")
        _ = try TLSCertificate(certificate: scratch("certificate"), key: scratch("key"))
        let ours = try #require(TLSDatabase.ofServers)
        #expect(ours.typeName == "MartletTLSDatabase")
        let theirs = try #require(TLSDatabase.system)
        #expect(theirs.typeName != "MartletTLSDatabase")
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
        authenticator: RTSPAuthenticator? = nil,
        isAvailable: @escaping @Sendable (RTSPRequest) -> Bool = { _ in true },
        closed: @escaping @Sendable (UInt) -> Void = { _ in }
    ) throws -> (RTSPServer, Int) {
        let port = try freePort()
        let server = try RTSPServer(
            host: "127.0.0.1",
            port: port,
            authenticator: authenticator,
            isAvailable: isAvailable,
            closed: closed
        )
        return (server, port)
    }
}

/// The port at the other end of a connection; `nil` for what is none.
private func peerPort(of descriptor: Int32) -> Int? {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
    }
    return result == 0 ? Int(in_port_t(bigEndian: address.sin_port)) : nil
}

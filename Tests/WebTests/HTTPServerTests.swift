// SPDX-License-Identifier: Apache-2.0
import Foundation
import GLib
import TestSupport
import Testing

@testable import HTTP

/// The server over sockets, with clients that are not ours.
@Suite("HTTP server", .mainLoop, .timeLimit(.minutes(2)))
struct HTTPServerTests {
    /// Parts that are asked for, of a hundred bytes, and what is given.
    private static let ranges: [(String?, ByteRange)] = [
        (nil, .whole), ("bytes=0-0", .part(0..<1)), ("bytes=10-19", .part(10..<20)), ("bytes=90-", .part(90..<100)),
        ("bytes=90-500", .part(90..<100)), ("bytes=-5", .part(95..<100)), ("bytes=-500", .part(0..<100)),
        ("bytes=100-", .unsatisfiable), ("bytes=999999999-", .unsatisfiable), ("bytes=100-200", .unsatisfiable),
        ("bytes=-0", .unsatisfiable), ("bytes=5-2", .whole), ("bytes=0-1,5-6", .whole), ("bytes=", .whole),
        ("bytes=-", .whole), ("bytes=a-b", .whole), ("bytes=+1-2", .whole), ("lines=1-2", .whole),
        ("bytes=99999999999999999999-", .whole), ("bytes=0-99999999999999999999", .whole),
    ]

    @Test("a part is what RFC 9110 says it is, and anything else is all of it", arguments: ranges.indices)
    func range(row: Int) {
        let (header, expected) = Self.ranges[row]
        #expect(ByteRange(header, of: 100) == expected, "\(header ?? "")")
    }

    @MainLoop private func serve(_ handler: @escaping HTTPServer.Handler) throws -> (HTTPServer, String) {
        let port = try freePort()
        let server = HTTPServer(handler)
        try server.listen(host: "127.0.0.1", port: port)
        return (server, "http://127.0.0.1:\(port)/")
    }

    @Test("what many clients have asked for and closed leaves nothing behind")
    @MainLoop
    func closed() async throws {
        let (server, url) = try serve { _ in HTTPResponse(type: "text/plain", Array("ok".utf8)) }
        for _ in 0..<30 {
            let urls = [String](repeating: url, count: 10)
            let answered = try await run(["curl", "-sS", "--no-keepalive", "-H", "Connection: close"] + urls)
            #expect(answered.output == String(repeating: "ok", count: 10), "\(answered.errors)")
        }
        for _ in 0..<30 { #expect(try await run("curl", "-sS", url).output == "ok") }
        try await eventually(within: .seconds(60)) { server.connectionCount == 0 }
        #expect(server.connectionCount == 0)
        server.close()
    }

    @Test("a file is sent whole and in parts, and a page never is")
    @MainLoop
    func parts() async throws {
        let scratch = try ScratchDirectory()
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let path = scratch("file")
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let (server, url) = try serve { request in
            request.path == ["file"] ? HTTPResponse(200, body: .file(path)) : HTTPResponse(type: "text/plain", bytes)
        }
        let (whole, part) = (scratch("whole"), scratch("part"))
        try await run("curl", "-sS", "-o", whole, url + "file")
        #expect(try TestSupport.bytes(of: whole) == bytes)
        let status = try await run("curl", "-sS", "-r", "300000-600000", "-o", part, "-w", "%{http_code}", url + "file")
        #expect(status.output == "206")
        #expect(try TestSupport.bytes(of: part) == Array(bytes[300_000...600_000]))
        let beyond = try await run("curl", "-sS", "-r", "5000000-", "-w", "%{http_code}", url + "file")
        #expect(beyond.output == "416")
        let head = try await run("curl", "-sS", "-I", url + "file")
        #expect(head.output.contains("Content-Length: 1000000"))
        // As many parts as anybody asks for would be as many copies.
        let many = (0..<2000).map { "\($0)-" }.joined(separator: ",")
        let greedy = try await run(
            "curl",
            "-sS",
            "-H",
            "Range: bytes=\(many)",
            "-o",
            whole,
            "-w",
            "%{http_code} %{size_download}",
            url
        )
        #expect(greedy.output == "200 1000000")
        server.close()
    }

    @Test(
        "what is larger than a request may be is refused before it is read, and so is what does not say how large it is"
    )
    @MainLoop
    func bodies() async throws {
        let (server, url) = try serve { request in HTTPResponse(type: "text/plain", Array("\(request.body.count)".utf8))
        }
        func send(_ words: String...) async throws -> String {
            try await run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST"] + words + [url]).output
        }
        #expect(try await send("-d", "hello") == "200")
        let scratch = try ScratchDirectory()
        try Data(count: 2 << 20).write(to: URL(fileURLWithPath: scratch("large")))
        #expect(try await send("--data-binary", "@\(scratch("large"))") == "413")
        #expect(try await send("-H", "Transfer-Encoding: chunked", "-d", "hello") == "411")
        server.close()
    }

    @Test("who connects and says nothing is cut off, and keeps nobody out")
    @MainLoop
    func strangers() async throws {
        let (server, url) = try serve { _ in HTTPResponse(type: "text/plain", Array("ok".utf8)) }
        let port = Int(url.dropLast().split(separator: ":").last ?? "") ?? 0
        let strangers = try (0..<40).map { _ in try RTSPConversation(port: port) }
        #expect(try await run("curl", "-sS", url).output == "ok")
        for stranger in strangers { #expect(await stranger.isClosedByServer()) }
        try await eventually(within: .seconds(60)) { server.connectionCount == 0 }
        server.close()
    }

    @Test("what ends before its length is not taken for all of it")
    @MainLoop
    func short() async throws {
        let (server, url) = try serve { request in
            let (parts, post) = AsyncStream.makeStream(of: [UInt8].self)
            post.yield([UInt8](repeating: 7, count: 10))
            post.finish()
            return HTTPResponse(200, body: .stream(parts, byteCount: request.path == ["whole"] ? 10 : 100))
        }
        let whole = try await run("curl", "-sS", "-w", "%{size_download}", "-o", "/dev/null", url + "whole")
        #expect(whole.status == 0 && whole.output == "10")
        // 18: "partial file".
        let part = try await run("curl", "-sS", "-w", "%{size_download}", "-o", "/dev/null", url + "part")
        #expect(part.status == 18 && part.output == "10", "\(part.errors)")
        server.close()
    }

    /// Says when nobody has it any more.
    private final class Maker: Sendable {
        private let end: AsyncStream<Void>.Continuation

        init(_ end: AsyncStream<Void>.Continuation) { self.end = end }

        deinit { end.finish() }

        func part() async -> [UInt8]? {
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return nil }
            return [1, 2, 3]
        }
    }

    @Test("a client that goes ends what is made for it")
    @MainLoop
    func gone() async throws {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let (server, url) = try serve { _ in
            let maker = Maker(end)
            return HTTPResponse(200, body: .stream(AsyncStream { await maker.part() }))
        }
        let reading = try await run("curl", "-sS", "--max-time", "1", "-o", "/dev/null", url)
        #expect(reading.status == 28)
        for await _ in ended {}
        server.close()
    }
}

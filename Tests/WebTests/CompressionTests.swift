// SPDX-License-Identifier: Apache-2.0
import GLib
import HTTP
import TestSupport
import Testing

@testable import Web

@Suite("Compression", .mainLoop, .timeLimit(.minutes(2)))
struct CompressionTests {
    /// What a client says it takes, and whether gzip is among it.
    private static let offers: [(String?, Bool)] = [
        (nil, false), ("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("gzip; q=0.0, *;q=0", false),
        ("*", true), ("identity", false), ("xgzip", false), ("deflate, gzip;q=1.0", true), ("", false),
    ]

    @Test("gzip is for those who take it", arguments: offers.indices)
    func offer(row: Int) {
        let (text, takes) = Self.offers[row]
        let headers = text.map { ["Accept-Encoding": $0] } ?? [:]
        #expect(HTTPRequest(method: "GET", path: [], headers: headers).takesGzip == takes)
    }

    @Test("the page and large answers come smaller, with tags of their own, and are the same")
    @MainLoop
    func small() async throws {
        let cameras = (0..<60).map { #"{"name":"camera-\#($0)","state":"running"}"# }.joined(separator: ",")
        let site = try await RecordedSite(cameras: [], status: "[\(cameras)]")
        defer { site.close() }
        func headers() throws -> String { try site.text("headers").lowercased() }
        let page = site.url + "/js/main.js"
        func fetch(_ words: String...) async throws -> String {
            let given = ["curl", "-sS", "-D", site.scratch("headers"), "-b", "martlet-session=\(site.cookie)"]
            return try await run(given + words).output
        }
        let plain = try await fetch(page)
        let plainHeaders = try headers()
        #expect(plainHeaders.contains("vary: accept-encoding") && !plainHeaders.contains("content-encoding"))
        #expect(try await fetch("--compressed", page) == plain)
        let smallHeaders = try headers()
        #expect(smallHeaders.contains("content-encoding: gzip") && smallHeaders.contains("vary: accept-encoding"))
        func tag(_ text: String) throws -> Substring { try #require(text.firstMatch(of: #/etag: ("[^"]+")/#)).1 }
        #expect(try tag(plainHeaders) != tag(smallHeaders))
        let code = ["-o", "/dev/null", "-w", "%{http_code}", page]
        for (tag, compressed, status) in [
            (try tag(smallHeaders), true, "304"), (try tag(plainHeaders), true, "200"),
            (try tag(plainHeaders), false, "304"),
        ] {
            let asked = try await run(
                ["curl", "-sS", "-H", "If-None-Match: \(tag)"] + (compressed ? ["--compressed"] : []) + code
            )
            #expect(asked.output == status)
        }
        let status = site.url + "/api/v1/status"
        #expect(try await fetch("--compressed", status) == "[\(cameras)]")
        #expect(try headers().contains("content-encoding: gzip"))
        #expect(try await fetch(status) == "[\(cameras)]")
        #expect(try !headers().contains("content-encoding"))
        #expect(try await fetch("--compressed", site.url + "/api/v1/session").contains("logged-in"))
        #expect(try !headers().contains("content-encoding"))
    }

    @Test("what does not become smaller stays as it is")
    func noise() {
        var random = SeededRandom(seed: 7)
        let bytes = (0..<2000).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
        #expect(Compression.gzip(bytes, level: 9) == nil)
        #expect(Compression.gzip([], level: 9) == nil)
    }
}

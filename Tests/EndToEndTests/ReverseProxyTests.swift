// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// The page behind Debian's own nginx and Apache, with what the guide says word for word.
@Suite("Reverse proxy", .serialized, .timeLimit(.minutes(5)))
struct ReverseProxyTests {
    /// The guide's block in a language, for a port that is not the default.
    private static func snippet(_ language: String, port: Int) throws -> String {
        let guide = try String(contentsOfFile: "\(Product.repository)/docs/guide/reverse-proxy.md", encoding: .utf8)
        let block = guide.components(separatedBy: "```\(language)\n").dropFirst().first
        let first = block?.components(separatedBy: "\n```").first
        let text = try #require(first)
        #expect(text.contains("127.0.0.1:8080"))
        return text.replacing("127.0.0.1:8080", with: "127.0.0.1:\(port)")
    }

    /// Whichever web server, with only what it needs besides to run from a folder of its own.
    private static func command(_ name: String, _ scratch: ScratchDirectory, from: Int, to: Int) throws -> [String] {
        // Threads of the test process block signals, and so would these, which ask for none.
        let unblocked = ["perl", "-MPOSIX", "-e", "sigprocmask(SIG_SETMASK, POSIX::SigSet->new); exec @ARGV"]
        switch name {
        case "nginx":
            let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map { "\($0)_temp_path \(scratch("nginx-\($0)"));" }.joined(separator: "\n")
            try scratch.write(
                "nginx.conf",
                """
                daemon off;
                master_process off;
                pid \(scratch("nginx.pid"));
                error_log stderr;
                events {}
                http {
                    access_log off;
                    \(places)
                    server {
                        listen 127.0.0.1:\(from);
                        \(try snippet("nginx", port: to))
                    }
                }
                """
            )
            return unblocked + ["nginx", "-c", scratch("nginx.conf")]
        default:
            let modules = ["mpm_event", "authz_core", "proxy", "proxy_http", "headers"]
                .map { "LoadModule \($0)_module /usr/lib/apache2/modules/mod_\($0).so" }.joined(separator: "\n")
            try scratch.write(
                "apache.conf",
                """
                \(modules)
                ServerRoot "\(scratch.path)"
                ServerName localhost
                DefaultRuntimeDir "\(scratch.path)"
                PidFile "\(scratch("apache.pid"))"
                ErrorLog /dev/stderr
                User nobody
                Group nogroup
                Listen 127.0.0.1:\(from)
                <VirtualHost 127.0.0.1:\(from)>
                \(try snippet("apache", port: to))
                </VirtualHost>
                """
            )
            return unblocked + ["apache2", "-X", "-f", scratch("apache.conf")]
        }
    }

    /// As a browser begins it (RFC 8829), with H.264.
    private static let offer = [
        "v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "a=msid-semantic: WMS",
        "m=video 9 UDP/TLS/RTP/SAVPF 102", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", "a=ice-ufrag:abcd",
        "a=ice-pwd:abcdefghijklmnopqrstuvwx", "a=ice-options:trickle",
        "a=fingerprint:sha-256 " + (0..<32).map { _ in "AB" }.joined(separator: ":"), "a=setup:actpass", "a=mid:0",
        "a=recvonly", "a=rtcp-mux", "a=rtcp-rsize", "a=rtpmap:102 H264/90000", "a=rtcp-fb:102 nack pli",
        "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f", "",
    ].joined(separator: "\r\n")

    @Test(
        "login, events, live video, WebRTC and parts of files come through as they are",
        arguments: ["nginx", "apache2"]
    )
    func proxy(name: String) async throws {
        let scratch = try ScratchDirectory()
        let door = try TestCamera("front-door", in: scratch)
        let camera = try Martlet("camera", "--config", door.configuration)
        try await camera.expect("capture runs")
        let places = try TestStore([door], in: scratch)
        let (own, front) = (try freePort(), try freePort())
        let text = try String(contentsOfFile: places.configuration, encoding: .utf8)
            .replacing(
                "[store.web]\nlisten = \"none\"",
                with: "[store.web]\nlisten = \"127.0.0.1:\(own)\"\nbehind-proxy = true"
            )
        try text.write(toFile: places.configuration, atomically: true, encoding: .utf8)
        try scratch.write("password", "correct-horse-battery\n")
        let made = try await run(
            [try Martlet.path, "user", "add", "anna", "--role", "admin", "--password-file", scratch("password")]
                + ["--config", places.configuration]
        )
        #expect(made.status == 0, "\(made.errors)")
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("the page is at http://127.0.0.1:\(own)/")
        let proxy = try Martlet(running: try Self.command(name, scratch, from: front, to: own))
        let site = "http://127.0.0.1:\(front)"
        // As another machine would come, for as far as loopback goes.
        let curl = ["curl", "-sS", "--interface", "127.0.0.2", "-b", scratch("cookies"), "-c", scratch("cookies")]
        func ask(_ words: String...) async throws -> CommandResult { try await run(curl + words) }
        try await eventually(within: .seconds(30)) { try await ask("\(site)/healthz").status == 0 }
        #expect(try await ask("\(site)/api/v1/session").output == #"{"state":"logged-out"}"#)

        let json = ["-H", "Content-Type: application/json", "-H", "Origin: \(site)"]
        let wrong = #"{"username":"anna","password":"wrong"}"#
        let refused = try await run(curl + json + ["-w", "%{http_code}", "-d", wrong, "\(site)/api/v1/session"])
        #expect(refused.output.hasSuffix("401"), "\(refused.output)")
        try await store.expect("wrong name or password (from 127.0.0.2)")
        let right = #"{"username":"anna","password":"correct-horse-battery"}"#
        let login = try await run(curl + json + ["-d", right, "\(site)/api/v1/session"])
        #expect(login.output.contains("logged-in"), "\(login.output)\(login.errors)")
        // A page of another site is that, also through it.
        let other = try await run(
            curl + ["-H", "Content-Type: application/json", "-H", "Origin: http://evil.example", "-d", "{}"]
                + ["-w", "%{http_code}", "\(site)/api/v1/tokens"]
        )
        #expect(other.output.hasSuffix("403"), "\(other.output)")

        try await store.expect("is complete")
        let api = "\(site)/api/v1"
        // Some of each comes although none ever ends: a buffer would keep it back until it is full.
        let events = try Martlet(running: curl + ["-N", "\(api)/events"])
        try await events.expect("event: status")
        #expect(
            try await ask("-m", "10", "-o", scratch("live.mp4"), "-r", "0-", "\(api)/cameras/front-door/live.mp4")
                .status == 28
        )
        let probed = try await run(
            "ffprobe",
            "-v",
            "error",
            "-show_entries",
            "packet=pts",
            "-of",
            "csv",
            scratch("live.mp4")
        )
        #expect(probed.output.split(separator: "\n").count > 30)

        let chunks = try await ask("\(api)/cameras/front-door/chunks").output
        let identifier = try #require(chunks.firstMatch(of: #/"id":(\d+)/#)).1
        let part = try await ask(
            "-r",
            "1000-1999",
            "-o",
            scratch("part"),
            "-w",
            "%{http_code}",
            "\(api)/chunks/\(identifier)/media"
        )
        #expect(part.output == "206")
        let whole = try await ask("-o", scratch("whole"), "-w", "%{http_code}", "\(api)/chunks/\(identifier)/media")
        #expect(whole.output == "200")
        #expect(try bytes(of: scratch("part")) == Array(bytes(of: scratch("whole"))[1000..<2000]))

        let whep = "\(api)/cameras/front-door/whep"
        let sdp = ["-H", "Content-Type: application/sdp", "-H", "Origin: \(site)"]
        let answer = try await run(curl + sdp + ["-i", "--data-binary", Self.offer, whep])
        #expect(answer.output.contains(" 201 ") && answer.output.contains("m=video"), "\(answer.output)")
        let location = try #require(answer.output.firstMatch(of: #/(?i)location: (?:http:\/\/[^\/]+)?(\S+)/#)).1
        #expect(try await ask("-X", "DELETE", "-w", "%{http_code}", "\(site)\(location)").output == "204")

        for process in [events, proxy, store, camera] { process.send(SIGTERM) }
        for process in [store, camera] { #expect(try await process.end() == 0) }
        _ = try await proxy.end()
    }
}

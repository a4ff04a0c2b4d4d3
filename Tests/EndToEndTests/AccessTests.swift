// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite("Access", .serialized, .timeLimit(.minutes(3)))
struct AccessTests {
    /// An address of this machine that is not loopback's.
    private static let address: String? = {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        for entry in sequence(first: list, next: { $0?.pointee.ifa_next }) {
            guard let address = entry?.pointee.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET) else {
                continue
            }
            var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let length = socklen_t(MemoryLayout<sockaddr_in>.size)
            guard getnameinfo(address, length, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0 else {
                continue
            }
            let text = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if !text.hasPrefix("127.") { return text }
        }
        return nil
    }()

    /// What ffprobe sees at a URL, and what it says.
    private func look(_ url: String) async throws -> (picture: String, words: String) {
        let arguments = [
            "-v", "error", "-rtsp_transport", "tcp", "-show_entries", "stream=width", "-of", "csv=p=0", url,
        ]
        let result = try await run(["ffprobe"] + arguments)
        return (result.output.trimmingCharacters(in: .whitespacesAndNewlines), result.errors)
    }

    @Test(
        "nobody is let in before there is somebody; then a user and a token are, and are shown out when they are removed",
        .enabled(if: address != nil, "this machine has no address but loopback's")
    )
    func uninvited() async throws {
        let host = try #require(Self.address)
        let scratch = try ScratchDirectory()
        let door = try TestCamera("door", in: scratch)
        let secure = try freePort()
        let text = try String(contentsOfFile: door.configuration, encoding: .utf8)
            .replacing("listen = \"127.0.0.1:\(door.port)\"", with: "listen = \"0.0.0.0:\(door.port)\"")
        try text.write(toFile: door.configuration, atomically: true, encoding: .utf8)
        try serveEncrypted(door.configuration, at: "0.0.0.0:\(secure)")
        let camera = try Martlet("camera", "--config", door.configuration)
        try await camera.expect("capture runs")
        let path = "\(host):\(door.port)/door"
        #expect(try await look("rtsp://127.0.0.1:\(door.port)/door").picture == "640")
        #expect(try await look("rtsp://\(path)").words.contains("403 Forbidden"))
        try await camera.expect("a client is refused: there is neither user nor token yet")

        try scratch.write("password", "correct-horse-battery\n")
        func martlet(_ words: String...) async throws -> String {
            let result = try await run([try Martlet.path] + words + ["--config", door.configuration])
            #expect(result.status == 0, "\(result.errors)")
            return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        _ = try await martlet("user", "add", "anna", "--password-file", scratch("password"))
        let token = try await martlet("token", "issue", "door")
        try await eventually { try await look("rtsp://\(path)").words.contains("401 Unauthorized") }
        #expect(try await look("rtsp://anna:wrong@\(path)").words.contains("401 Unauthorized"))
        #expect(try await look("rtsp://anna:correct-horse-battery@\(path)").picture == "640")
        #expect(try await look("rtsps://anna:correct-horse-battery@\(host):\(secure)/door").picture == "640")
        #expect(try await look("rtsp://door:\(token)@\(path)").picture == "640")
        let fingerprint = try await martlet("fingerprint")
        #expect(fingerprint.hasPrefix("sha256:") && fingerprint.count == 71)

        // Another certificate is shown as soon as it is there.
        let renewed = try await martlet("fingerprint", "--renew")
        #expect(renewed != fingerprint)
        try await camera.expect("another certificate is shown from now on: \(renewed)")
        let shown = try await run(
            "sh",
            "-c",
            "openssl s_client -connect 127.0.0.1:\(secure) </dev/null | openssl x509 -noout -fingerprint -sha256"
        )
        #expect(shown.output.filter { $0 != ":" }.lowercased().contains(renewed.dropFirst("sha256:".count)))

        // A store comes in with the token, encrypted if it knows the certificate, until that is revoked.
        try scratch.write("token", token + "\n")
        let credentials = "token-file = \"\(scratch("token"))\"\n"
        let unknown = try TestStore(
            [(name: "door", url: "rtsps://\(host):\(secure)/door", more: credentials)],
            in: scratch
        )
        let stranger = try Martlet("store", "--config", unknown.configuration)
        try await stranger.expect(
            "nobody vouches for the server's certificate",
            and: "fingerprint = \"\(renewed)\""
        )
        let pinned = try String(contentsOfFile: unknown.configuration, encoding: .utf8)
            .replacing(credentials, with: credentials + "fingerprint = \"\(renewed)\"\n")
        try pinned.write(toFile: unknown.configuration, atomically: true, encoding: .utf8)
        try await stranger.expect("receiver runs")
        stranger.send(SIGTERM)
        #expect(try await stranger.end() == 0)
        let places = try TestStore(
            [(name: "door", url: "rtsp://\(path)", more: "token-file = \"\(scratch("token"))\"")],
            in: scratch
        )
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("receiver runs")
        let id = try await martlet("token", "list").split(separator: "\n").last?.prefix(8) ?? ""
        _ = try await martlet("token", "revoke", String(id))
        try await camera.expect("RTSP: 1 connection closed")
        try await store.expect("the server refuses")
        for process in [store, camera] {
            process.send(SIGTERM)
            #expect(try await process.end() == 0)
        }
        // What is secret is in no log.
        #expect(camera.count(of: token) + store.count(of: token) + camera.count(of: "battery") == 0)
    }

    @Test(
        "a certificate that the machine's authorities vouch for is taken without a fingerprint, by one that serves as well",
        .enabled(if: Mount.isPossible, Mount.reason)
    )
    func vouchedFor() async throws {
        let scratch = try ScratchDirectory()
        let door = try TestCamera("door", in: scratch, size: (160, 120))
        let (secure, other) = (try freePort(), try freePort())
        try serveEncrypted(door.configuration, at: "127.0.0.1:\(secure)")
        let camera = try Martlet("camera", "--config", door.configuration)
        try await camera.expect("capture runs")
        let places = try TestStore([(name: "door", url: "rtsps://localhost:\(secure)/door", more: "")], in: scratch)
        // It serves encrypted itself: what it asks of others is not what it asks of itself.
        try serveEncrypted(places.configuration, at: "127.0.0.1:\(other)")
        let stranger = try Martlet("store", "--config", places.configuration)
        try await stranger.expect("nobody vouches for the server's certificate")
        stranger.send(SIGTERM)
        #expect(try await stranger.end() == 0)
        // Authorities of the store's own, in a mount namespace of its own.
        let store = try Martlet(
            running: [
                "unshare", "--mount", "sh", "-c",
                "mount --bind \"$0\" /etc/ssl/certs/ca-certificates.crt && exec \"$@\"",
                scratch("access-door/certificate.pem"), try Martlet.path, "store", "--config", places.configuration,
            ]
        )
        try await store.expect("receiver runs")
        for process in [store, camera] {
            process.send(SIGTERM)
            #expect(try await process.end() == 0)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
import Configuration
import TestSupport
import Testing

@testable import Transfer

@Suite("Sending")
struct SendingTests {
    /// A destination as `[camera.upload]` says it.
    private static func destination(_ url: String, _ more: String = "") throws -> Destination {
        let loaded = Configuration.parse("[camera]\nname = \"a\"\n[camera.upload]\nurl = \"\(url)\"\n\(more)")
        let upload = try #require(loaded.configuration?.camera?.upload, "\(loaded.diagnostics)")
        return try #require(Destination(upload))
    }

    private static let chunk = "door/2026-11-21/door_2026-11-21T10-20-00.012Z.mp4"
    private static let name = "door_2026-11-21T10-20-00.012Z.mp4"

    @Test("a chunk goes to its folders, hidden until it is whole")
    func places() throws {
        let sftp = try Self.destination("sftp://me@store.local/in%20coming/")
        let place = sftp.place(of: Self.chunk)
        #expect(sftp.url(of: place) == "sftp://store.local:22/in%20coming/\(Self.chunk)")
        #expect(sftp.url(of: place.part) == "sftp://store.local:22/in%20coming/door/2026-11-21/.\(Self.name).part")
        #expect(sftp.argument(place.digest) == "\"/in coming/\(Self.chunk).sha256\"")
        let home = try Self.destination("sftp://me@store.local:2222/~/in")
        #expect(home.url(of: place) == "sftp://store.local:2222/~/in/\(Self.chunk)")
        #expect(home.argument(place) == "\"in/\(Self.chunk)\"")
        let ftp = try Self.destination("ftp://h/in")
        #expect(ftp.folderURL(of: place) == "ftp://h:21/in/door/2026-11-21/")
        #expect(ftp.argument(place.part) == ".\(Self.name).part")
    }

    @Test("SCP makes no folders: chunks lie side by side")
    func plain() throws {
        let scp = try Self.destination("scp://me@h/srv")
        #expect(scp.url(of: scp.place(of: Self.chunk)) == "scp://h:22/srv/\(Self.name)")
    }

    @Test("a limit is bytes a second, and a host's key its digest alone")
    func settings() throws {
        let key = String(repeating: "A", count: 43)
        let one = try Self.destination("sftp://me@h/x", "rate = \"2 Mbit/s\"\nhost-key = \"SHA256:\(key)\"")
        #expect((one.bytesPerSecond, one.hostKey) == (250_000, key))
    }

    @Test("attempts are a second apart, then twice that, five minutes at most, and a success begins anew")
    func backoff() {
        var backoff = Backoff()
        let delays = (0..<11).map { _ in backoff.fail() }
        #expect(delays.prefix(4) == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
        #expect(delays.suffix(3) == [.seconds(256), .seconds(300), .seconds(300)])
        backoff.succeed()
        #expect(backoff.fail() == .seconds(1))
    }

    @Test("digests are written as OpenSSH writes them", arguments: ["", "f", "fo", "foo", "foob"])
    func base64(text: String) {
        let expected = ["": "", "f": "Zg", "fo": "Zm8", "foo": "Zm9v", "foob": "Zm9vYg"]
        #expect(Base64.text(of: Array(text.utf8)) == expected[text])
        #expect(Base64.bytes(of: (expected[text] ?? "") + "==") == Array(text.utf8))
    }
}

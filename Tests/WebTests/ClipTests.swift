// SPDX-License-Identifier: Apache-2.0
import Footage
import Foundation
import GLib
import Media
import TestSupport
import Testing

@testable import Web

@Suite("Clips", .mainLoop, .timeLimit(.minutes(3)))
struct ClipTests {
    @Test("a span over chunks is one file, its length known before, its index first, with every frame once")
    @MainLoop
    func clip() async throws {
        let site = try await RecordedSite(options: "bframes=2 b-adapt=false")
        defer { site.close() }
        let answered = try await site.get(
            "/cameras/door/clip?\(RecordedSite.span(1.5, 7.2))",
            to: "clip.mp4",
            "-D",
            site.scratch("headers")
        )
        #expect(answered == "200")
        let clip = try TestSupport.bytes(of: site.scratch("clip.mp4"))
        #expect(try site.text("headers").contains("Content-Length: \(clip.count)\r\n"))
        let (movie, media) = (clip.firstRange(of: Array("moov".utf8)), clip.firstRange(of: Array("mdat".utf8)))
        #expect(try #require(movie).lowerBound < #require(media).lowerBound)
        // From the keyframe at 1 s to the one at 8 s.
        let all = try await Array(site.accessUnits(of: "door").joined())
        #expect(try await accessUnits(of: site.scratch("clip.mp4")) == Array(all[30..<240]))
        let decoded = try await run("ffmpeg", "-v", "error", "-i", site.scratch("clip.mp4"), "-f", "null", "-")
        #expect(decoded.status == 0 && decoded.errors.isEmpty, "\(decoded.errors)")
        // Nothing lies about.
        let left = try FileManager.default.contentsOfDirectory(atPath: "/var/tmp").filter {
            $0.hasPrefix("martlet-clip")
        }
        #expect(left == [])
    }

    @Test("clips of several cameras are one archive, which says what is in it, with digests that are right")
    @MainLoop
    func archive() async throws {
        let site = try await RecordedSite(
            cameras: ["door", "till"],
            chunks: [60, 60],
            feed: { $0 == "cellar" ? Feed(camera: "cellar", origin: .sender) : nil }
        )
        defer { site.close() }
        let query = "camera=door&camera=till&camera=cellar&camera=door&\(RecordedSite.span(0.5, 3.5))"
        let answered = try await site.get("/clips?\(query)", to: "clips.zip", "-D", site.scratch("headers"))
        #expect(answered == "200")
        let size = try TestSupport.bytes(of: site.scratch("clips.zip")).count
        #expect(try site.text("headers").contains("Content-Length: \(size)\r\n"))
        let script = """
            import sys, zipfile
            archive = zipfile.ZipFile(sys.argv[1])
            assert archive.testzip() is None
            for entry in archive.infolist(): assert entry.compress_type == zipfile.ZIP_STORED and entry.date_time[0] > 2025
            archive.extractall(sys.argv[2])
            print(*archive.namelist())
            """
        let listed = try await run("/usr/bin/python3", "-c", script, site.scratch("clips.zip"), site.scratch("out"))
        let stamp = "2026-10-25T00-59-58.500Z"
        #expect(listed.output == "door_\(stamp).mp4 till_\(stamp).mp4 README.txt\n", "\(listed.errors)")
        let text = try site.text("out/README.txt")
        for camera in ["door", "till"] {
            let file = site.scratch("out/\(camera)_\(stamp).mp4")
            let sum = try await run("sha256sum", file)
            #expect(text.contains("SHA-256      \(sum.output.prefix(64))\n"), "\(text)")
            let all = try await Array(site.accessUnits(of: camera).joined())
            #expect(try await accessUnits(of: file) == all)
        }
        #expect(text.contains("\ncellar\n  nothing was recorded in that time"))
        #expect(text.contains("first frame  2026-10-25T00:59:58.000Z (here "))
        for (query, status) in [
            ("camera=nobody", "404"), ("camera=cellar", "404"), ("camera=..", "404"), ("x=y", "400"),
        ] {
            #expect(try await site.get("/clips?\(query)&\(RecordedSite.span(0, 1))") == status, "\(query)")
        }
    }

    @Test("one takes one clip at a time, and a client that goes makes room for the next")
    @MainLoop
    func turns() async throws {
        // More than sockets hold, so that whoever does not read holds it up.
        let site = try await RecordedSite(
            chunks: [600],
            options: "bframes=0 bitrate=200000 qp-max=5",
            pattern: "snow"
        )
        defer { site.close() }
        let path = "/api/v1/cameras/door/clip?\(RecordedSite.span(0, 20))"
        let port = Int(site.url.split(separator: ":").last ?? "") ?? 0
        let slow = try RTSPConversation(port: port, room: 65536)
        try slow.send(
            Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nCookie: martlet-session=\(site.cookie)\r\n\r\n".utf8)
        )
        try await eventually(within: .seconds(30)) {
            try await site.get("/cameras/door/clip?\(RecordedSite.span(0, 20))", "-m", "60") == "503"
        }
        #expect(try site.text().contains("another clip is being taken"))
        slow.close()
        try await eventually(within: .seconds(60)) {
            try await site.get("/cameras/door/clip?\(RecordedSite.span(0, 1))") == "200"
        }
    }
}

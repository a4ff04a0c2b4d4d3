// SPDX-License-Identifier: Apache-2.0
import Footage
import Foundation
import GLib
import GStreamer
import HTTP
import Media
import TestSupport
import Testing

@testable import Web

@Suite("Snapshots", .mainLoop, .timeLimit(.minutes(3)))
struct SnapshotTests {
    /// Of two pictures' brightness, as peak signal to noise in decibels.
    private func likeness(_ one: String, _ other: String) async throws -> Double {
        let words = ["ffmpeg", "-nostdin", "-v", "info", "-i", one, "-i", other]
        let filter = "[0:v]format=yuv420p[a];[1:v]format=yuv420p[b];[a][b]psnr"
        let compared = try await run(words + ["-filter_complex", filter, "-f", "null", "-"])
        let found = try #require(compared.errors.firstMatch(of: #/PSNR y:(inf|[\d.]+)/#), "\(compared.errors)")
        return found.1 == "inf" ? 99 : Double(found.1) ?? 0
    }

    @Test("the picture of the keyframe at a time or before it is what ffmpeg decodes there")
    @MainLoop
    func recorded() async throws {
        let site = try await RecordedSite(options: "bframes=2 b-adapt=false")
        defer { site.close() }
        // In the second chunk, 1.5 s after its beginning: its second keyframe.
        let at = (RecordedSite.start + .milliseconds(4500)).rfc3339
        let asked = try await site.get("/cameras/door/snapshot?at=\(at)", to: "shot.jpg", "-D", site.scratch("headers"))
        #expect(asked == "200")
        let headers = try site.text("headers")
        #expect(headers.contains("Martlet-Time: 2026-10-25T01:00:02.000Z\r\n"))
        #expect(headers.contains("Content-Type: image/jpeg\r\n") && headers.contains("immutable"))
        let chunk = try #require(try await site.store.index.chunk(2))
        var likenesses: [Double] = []
        for number in [0, 29, 30, 31, 60] {
            let frame = ["-vf", "select=eq(n\\,\(number))", "-frames:v", "1", "-y", site.scratch("frame.png")]
            try await run(["ffmpeg", "-nostdin", "-v", "error", "-i", "\(site.directory)/\(chunk.path)"] + frame)
            likenesses.append(try await likeness(site.scratch("shot.jpg"), site.scratch("frame.png")))
        }
        #expect(likenesses.max() == likenesses[2] && likenesses[2] > 22, "\(likenesses)")
        // Smaller, in the same shape, and not larger than it is.
        for (width, size) in [("161", "160x120"), ("5000", "320x240"), ("16", "16x12")] {
            #expect(try await site.get("/cameras/door/snapshot?at=\(at)&width=\(width)", to: "small.jpg") == "200")
            let probed = try await run(
                "ffprobe",
                "-v",
                "error",
                "-show_entries",
                "stream=width,height",
                "-of",
                "csv=p=0:s=x",
                site.scratch("small.jpg")
            )
            #expect(probed.output == size + "\n")
        }
        for (query, status) in [
            ("at=2026-10-25T00:00:00Z", "404"), ("at=soon", "400"), ("at=\(at)&width=0", "400"),
            ("at=\(at)&width=1e9", "400"), ("at=\(at)&width=wide", "400"), ("", "404"),
        ] {
            #expect(try await site.get("/cameras/door/snapshot?\(query)") == status, "\(query)")
        }
        // A chunk begins when the list says it does, which is exact to the millisecond.
        try await RecordedSite.add(4, "door", chunk.run, 3, mediaTime: 60_000_500_000, 30, "bframes=0", to: site.store)
        let listed = (RecordedSite.start + .seconds(60)).rfc3339
        #expect(try await site.get("/cameras/door/snapshot?at=\(listed)") == "200")
        // Many at once: two are made at a time, the others wait.
        let times = (0..<9).map { (RecordedSite.start + .seconds($0)).rfc3339 }
        let urls = times.map { "\(site.url)/api/v1/cameras/door/snapshot?width=64&at=\($0)" }
        let outputs = urls.flatMap { ["-o", "/dev/null", $0] }
        let words = ["curl", "-sS", "-Z", "-b", "martlet-session=\(site.cookie)", "-w", "%{http_code} "]
        #expect(try await run(words + outputs).output == String(repeating: "200 ", count: 9))
    }

    @Test("without a time it is what the feed shows now")
    @MainLoop
    func live() async throws {
        let feed = Feed(camera: "door", origin: .sender)
        let pipeline = try Pipeline(
            parsing:
                "videotestsrc pattern=smpte75 is-live=true ! video/x-raw,width=320,height=240,framerate=30/1,format=I420 "
                + "! x264enc tune=zerolatency key-int-max=15 ! h264parse "
                + "! video/x-h264,stream-format=avc,alignment=au ! appsink name=feed sync=false"
        )
        let sink = try #require(pipeline.appSink(named: "feed"))
        sink.onSample { feed.push($0) }
        await pipeline.setState(.playing)
        try await eventually { feed.run != nil }
        let site = try await RecordedSite(cameras: [], feed: { $0 == "door" ? feed : nil })
        defer { site.close() }
        #expect(try await site.get("/cameras/door/snapshot?width=160", to: "shot.jpg") == "200")
        let made = try await run(
            [
                "gst-launch-1.0", "-q", "videotestsrc", "pattern=smpte75", "num-buffers=1", "!",
                "video/x-raw,width=160,height=120,format=I420",
            ]
                + ["!", "videoconvert", "!", "pngenc", "!", "filesink", "location=\(site.scratch("frame.png"))"]
        )
        #expect(made.status == 0, "\(made.errors)")
        let likeness = try await self.likeness(site.scratch("shot.jpg"), site.scratch("frame.png"))
        #expect(likeness > 20)
        #expect(try await site.get("/cameras/till/snapshot") == "404")
        await pipeline.setState(.null)
    }

    @Test("where nothing decodes, it is said what to install")
    func missing() async throws {
        let description = PipelineDescription(
            file: "snapshot.gst",
            text: "appsrc name=picture ! nonesuchdec ! jpegenc ! appsink name=picture-out"
        )
        let problem = try thrown(Problem.self) { _ = try Snapshot(description, width: 64) }
        #expect(problem.status == 503 && problem.detail.contains("'nonesuchdec' is not installed"))
        // What the bytes are is known, and nothing is there for it.
        let other = PipelineDescription(
            file: "snapshot.gst",
            text: "appsrc name=picture ! decodebin ! jpegenc ! appsink name=picture-out"
        )
        var told: Problem?
        do { _ = try await Snapshot(other, width: 64).picture(of: Array("%PDF-1.7 not a picture".utf8)) } catch {
            told = error as? Problem
        }
        #expect(told?.status == 503)
        #expect(told?.detail.contains("apt install gstreamer1.0-libav") == true, "\(told?.detail ?? "")")
    }
}

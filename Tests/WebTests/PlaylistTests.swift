// SPDX-License-Identifier: Apache-2.0
import Footage
import Foundation
import GLib
import Media
import TestSupport
import Testing

@testable import Web

@Suite("Playlists", .mainLoop, .timeLimit(.minutes(3)))
struct PlaylistTests {
    @Test("a span is a playlist that players which are not ours play through, every frame once and on one clock")
    @MainLoop
    func whole() async throws {
        let site = try await RecordedSite(chunks: [240, 300, 90], options: "bframes=2 b-adapt=false")
        defer { site.close() }
        let path = "/cameras/door/footage.m3u8?\(RecordedSite.span(2.5, 30))"
        #expect(try await site.get(path, to: "list.m3u8") == "200")
        let list = try site.text("list.m3u8")
        // From the keyframe at 2 s: 6 s of the first chunk, 6 and 4 of the second, 3 of the third.
        let expected = """
            #EXTM3U
            #EXT-X-VERSION:7
            #EXT-X-TARGETDURATION:6
            #EXT-X-MEDIA-SEQUENCE:0
            #EXT-X-PLAYLIST-TYPE:VOD
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-MAP:URI="../../chunks/1/init.mp4"
            #EXT-X-PROGRAM-DATE-TIME:2026-10-25T01:00:00.000Z
            #EXTINF:6.000000,
            ../../chunks/1/segment.mp4?frames=60-240
            #EXT-X-PROGRAM-DATE-TIME:2026-10-25T01:00:06.000Z
            #EXTINF:6.000000,
            ../../chunks/2/segment.mp4?frames=0-180
            #EXTINF:4.000000,
            ../../chunks/2/segment.mp4?frames=180-300
            #EXT-X-PROGRAM-DATE-TIME:2026-10-25T01:00:16.000Z
            #EXTINF:3.000000,
            ../../chunks/3/segment.mp4?frames=0-90
            #EXT-X-ENDLIST

            """
        #expect(list == expected)
        let all = try await Array(site.accessUnits(of: "door").joined().dropFirst(60))
        let address = "\(site.url)/api/v1\(path)"
        let cookie = "Cookie: martlet-session=\(site.cookie)\r\n"
        let read = try await run(
            [
                "ffmpeg", "-nostdin", "-v", "error", "-headers", cookie, "-i", address, "-c", "copy", "-f", "framemd5",
                "-",
            ]
        )
        #expect(read.errors.isEmpty, "\(read.errors)")
        let units = read.output.split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }
        #expect(units.map { $0.last ?? "" } == all)
        // A frame follows the other by a thirtieth of a second, from segment to segment and from chunk to chunk.
        let times = units.compactMap { Int($0[1]) }
        let steps = Set(zip(times, times.dropFirst()).map { $1 - $0 })
        #expect(steps.count == 1 && times.count == all.count, "\(steps)")
        let decoded = try await run(
            ["ffmpeg", "-nostdin", "-v", "error", "-headers", cookie, "-i", address, "-f", "null", "-"]
        )
        #expect(decoded.status == 0 && decoded.errors.isEmpty, "\(decoded.errors)")
        // GStreamer's player of HLS has no way to show a cookie; where there are no users this machine may see.
        try await site.access.remove("anna")
        let pipeline =
            "gst-launch-1.0 -v souphttpsrc location=\(address) ! hlsdemux ! qtdemux "
            + "! h264parse ! avdec_h264 ! fakesink sync=false silent=false"
        let played = try await run(pipeline.split(separator: " ").map(String.init))
        #expect(played.status == 0, "\(played.errors)")
        let counted = played.output.split(separator: "\n").count { $0.contains("chain   ******* (") }
        #expect(counted == all.count, "\(played.output.prefix(2000))")
    }

    @Test("other formats, other runs and holes are discontinuities")
    @MainLoop
    func discontinuities() async throws {
        let site = try await RecordedSite(chunks: [90])
        defer { site.close() }
        let index = site.store.index
        let first = try #require(try await index.chunk(1))
        let run = try await index.add(
            Run(identity: makeIdentity(), camera: "door", boot: "boot", clock: .init(offset: 0, state: .synchronised))
        )
        let second: Int64 = 1_000_000_000
        // The same run after a hole, another format, another run.
        try await RecordedSite.add(2, "door", first.run, 1, mediaTime: 5 * second, 90, "bframes=0", to: site.store)
        try await RecordedSite.add(
            3,
            "door",
            first.run,
            2,
            mediaTime: 8 * second,
            90,
            "bframes=0",
            size: "width=640,height=480",
            to: site.store
        )
        try await RecordedSite.add(
            4,
            "door",
            run,
            0,
            mediaTime: 11 * second,
            90,
            "bframes=0",
            size: "width=640,height=480",
            to: site.store
        )
        let path = "/cameras/door/footage.m3u8?from=\(RecordedSite.start.rfc3339)"
        let list = try await self.list(path, site)
        let tags = list.split(separator: "\n").filter { $0.hasPrefix("#EXT-X-D") || $0.hasPrefix("#EXT-X-MAP") }
        #expect(
            tags == [
                "#EXT-X-MAP:URI=\"../../chunks/1/init.mp4\"", "#EXT-X-DISCONTINUITY", "#EXT-X-DISCONTINUITY",
                "#EXT-X-MAP:URI=\"../../chunks/3/init.mp4\"", "#EXT-X-DISCONTINUITY",
            ]
        )
        #expect(list.contains("#EXT-X-PLAYLIST-TYPE:VOD"))
        let read = try await countedFrames(path + "&to=2026-10-25T02:00:00Z", site)
        let expected = try await Array(site.accessUnits(of: "door").joined()).count
        #expect(read == expected)
    }

    @Test("what is being written grows at its end alone, and begins no segment that is not whole")
    @MainLoop
    func growth() async throws {
        let site = try await RecordedSite(chunks: [], feed: { Feed(camera: $0, origin: .sender) })
        defer { site.close() }
        let start = UTCTime.now - .seconds(60)
        let run = try await site.store.index.add(
            Run(
                identity: makeIdentity(),
                camera: "door",
                boot: "boot",
                clock: .init(offset: start.nanoseconds, state: .synchronised)
            )
        )
        let path = "/cameras/door/footage.m3u8?from=\(start.rfc3339)"
        #expect(try await list(path, site).hasSuffix("#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEPENDENT-SEGMENTS\n"))
        try await RecordedSite.add(
            1,
            "door",
            run,
            0,
            from: start,
            mediaTime: 0,
            420,
            "bframes=0",
            isOpen: true,
            to: site.store
        )
        let growing = try await list(path, site)
        #expect(growing.contains("#EXT-X-PLAYLIST-TYPE:EVENT") && !growing.contains("ENDLIST"))
        // The third would have two seconds; what follows might still belong to it.
        #expect(growing.hasSuffix("frames=0-180\n#EXTINF:6.000000,\n../../chunks/1/segment.mp4?frames=180-360\n"))
        var chunk = try #require(try await site.store.index.chunk(1))
        try FileManager.default.moveItem(
            atPath: "\(site.directory)/\(chunk.openPath)",
            toPath: "\(site.directory)/\(chunk.path)"
        )
        (chunk.state, chunk.duration) = (.complete, .seconds(14))
        try await site.store.index.update(chunk)
        let finished = try await list(path, site)
        #expect(finished == growing + "#EXTINF:2.000000,\n../../chunks/1/segment.mp4?frames=360-420\n")
        let over = try await list("\(path)&to=\((start + .seconds(20)).rfc3339)", site)
        #expect(over == finished.replacing("TYPE:EVENT", with: "TYPE:VOD") + "#EXT-X-ENDLIST\n")
    }

    private func list(_ path: String, _ site: RecordedSite) async throws -> String {
        #expect(try await site.get(path, to: "list.m3u8") == "200")
        return try site.text("list.m3u8")
    }

    /// The frames that ffprobe finds.
    private func countedFrames(_ path: String, _ site: RecordedSite) async throws -> Int {
        let cookie = "Cookie: martlet-session=\(site.cookie)\r\n"
        let words = ["ffprobe", "-v", "error", "-headers", cookie, "-show_entries", "packet=pts", "-of", "csv"]
        let read = try await run(words + ["\(site.url)/api/v1\(path)"])
        #expect(read.errors.isEmpty, "\(read.errors)")
        return read.output.split(separator: "\n").count
    }

    @Test("mistakes are told, and a device's token opens what is of its camera")
    @MainLoop
    func mistakes() async throws {
        let site = try await RecordedSite(chunks: [60])
        defer { site.close() }
        for (query, status) in [
            ("", "400"), ("from=yesterday", "400"), (RecordedSite.span(2, 1), "400"),
            (RecordedSite.span(100, 101), "404"),
            ("from=2199-01-01T00:00:00Z", "422"), (RecordedSite.span(0, 90_000), "422"),
        ] {
            #expect(try await site.get("/cameras/door/footage.m3u8?\(query)") == status, "\(query)")
        }
        for (frames, status) in [
            ("0-60", "200"), ("30-60", "200"), ("1-60", "404"), ("0-61", "404"), ("5-5", "400"), ("x", "400"),
        ] {
            #expect(try await site.get("/chunks/1/segment.mp4?frames=\(frames)") == status, "\(frames)")
        }
        for (camera, status) in [("door", "200"), ("till", "403")] {
            let token = try await site.access.issue(for: camera, rights: .read, at: 0)
            let asked = try await run(
                ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Authorization: Bearer \(token)"]
                    + ["\(site.url)/api/v1/chunks/1/segment.mp4?frames=0-60"]
            )
            #expect(asked.output == status)
        }
    }
}

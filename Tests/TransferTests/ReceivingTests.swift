// SPDX-License-Identifier: Apache-2.0
import Configuration
import Footage
import TestSupport
import Testing

@testable import Transfer

@Suite("Receiving")
struct ReceivingTests {
    private static func time(_ seconds: Int64) -> UTCTime { UTCTime(nanoseconds: seconds * 1_000_000_000) }

    private static func verdict(
        openSince: Int64? = nil,
        clock: RunClock.State = .synchronised,
        camera: String = "door"
    ) -> Verdict {
        let arrival = Arrival(camera: camera, span: time(1000)..<time(1600), clock: clock)
        return Intake.verdict(for: arrival, openSince: openSince.map(time))
    }

    @Test("what could be compared with what is being written waits for it; all else is taken")
    func verdicts() {
        #expect(Self.verdict() == .take)
        // Of what is being written nothing is known yet.
        #expect(Self.verdict(openSince: 1300) == .wait)
        #expect(Self.verdict(openSince: 1700) == .take)
        // Nor of when this was filmed.
        #expect(Self.verdict(openSince: 1300, clock: .unsynchronised) == .take)
        #expect(Self.verdict(camera: "../etc") != .take)
    }

    @Test("times in names are found, and what is none is not")
    func names() {
        let expected = UTCTime(rfc3339: "2026-11-21T10:20:30Z")
        for name in [
            "cam1_20261121_102030Z.mp4", "2026-11-21T10-20-30Z.mkv", "x 2026.11.21 10.20.30Z.mp4",
            "20261121102030Z.mp4",
        ] { #expect(FilmTime.inName(name) == expected, "\(name)") }
        #expect(FilmTime.inName("a_2026-11-21T10-20-30.250Z.mp4") == UTCTime(rfc3339: "2026-11-21T10:20:30.250Z"))
        #expect(FilmTime.inName("cam1_20261121_102030.mp4") != nil)
        for name in [
            "film.mp4", "20261321_102030.mp4", "20261121_106030.mp4", "12345678901234567890.mp4", "20261121.mp4",
            String(repeating: "20261121_1020", count: 100),
        ] { #expect(FilmTime.inName(name) == nil, "\(name)") }
    }

    @Test("a header's time counts where it can be true")
    func header() {
        let now = Self.time(1_795_000_000)
        let to1970: UInt64 = 2_082_844_800
        #expect(FilmTime.inHeader(secondsSince1904: to1970 + 1_794_000_000, before: now) == Self.time(1_794_000_000))
        for seconds in [0, to1970, to1970 + 1_900_000_000, .max] as [UInt64] {
            #expect(FilmTime.inHeader(secondsSince1904: seconds, before: now) == nil)
        }
    }

    @Test("the longest folder says whose it is")
    func mapping() throws {
        let text = """
            [store.incoming]
            directory = "/srv/in"
            [store.incoming.cameras]
            "ftp" = "yard"
            "ftp/till" = "till"
            """
        let incoming = try #require(Configuration.parse(text).configuration?.store?.incoming)
        let settings = Intake.Settings(incoming)
        #expect(settings.camera(ofPath: "ftp/till/2026/a.mp4") == "till")
        #expect(settings.camera(ofPath: "ftp/other/a.mp4") == "yard")
        // The name of the file itself says nothing, nor does a folder that only begins alike.
        #expect(settings.camera(ofPath: "ftp") == nil)
        #expect(settings.camera(ofPath: "ftp2/a.mp4") == nil)
    }
}

@Suite("Matroska")
struct MatroskaTests {
    @Test("a film says how long its file is, and half a file is shorter")
    func length() async throws {
        let scratch = try ScratchDirectory()
        let input = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=10", "-t", "2", "-c:v", "libx264"]
        let made = try await run(["ffmpeg", "-nostdin", "-v", "error"] + input + ["-y", scratch("whole.mkv")])
        try #require(made.status == 0, "\(made.errors)")
        let whole = try bytes(of: scratch("whole.mkv"))
        #expect(try Matroska.length(of: RandomAccessFile(scratch("whole.mkv"))) == UInt64(whole.count))
        try scratch.write("half.mkv", Array(whole.prefix(whole.count / 2)))
        #expect(try Matroska.length(of: RandomAccessFile(scratch("half.mkv"))) == UInt64(whole.count))
        // As it comes out of a pipe nobody goes back to write the length.
        let piped = try await run(
            "sh",
            "-c",
            "ffmpeg \(input.joined(separator: " ")) -v error -f matroska - > \(scratch("live.mkv"))"
        )
        try #require(piped.status == 0, "\(piped.errors)")
        #expect(try Matroska.isOne(RandomAccessFile(scratch("live.mkv"))))
        #expect(try Matroska.length(of: RandomAccessFile(scratch("live.mkv"))) == nil)
        for garbage in [
            [], [0x1A], [0x1A, 0x45, 0xDF, 0xA3], [0x1A, 0x45, 0xDF, 0xA3, 0xFF, 0x18], [0, 0, 0, 0, 0, 0],
        ] as [[UInt8]] {
            try scratch.write("garbage.mkv", garbage)
            #expect(try Matroska.length(of: RandomAccessFile(scratch("garbage.mkv"))) == nil)
        }
    }
}

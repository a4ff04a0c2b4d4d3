// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Footage
@testable import ISOBaseMedia

@Suite("Archives", .timeLimit(.minutes(5)))
struct ArchiveTests {
    @Test("a file of more than 4 GiB, and what lies behind it, is found by programs that are not ours")
    func large() async throws {
        let scratch = try ScratchDirectory()
        // Holes, which take no room.
        let size: UInt64 = 4 << 30 + 6
        let name = ChunkName(camera: "door", start: UTCTime(nanoseconds: 1_800_000_000_000_000_000))
        var chunk = Chunk(
            id: 1,
            camera: "door",
            run: 1,
            sequence: 0,
            state: .complete,
            start: name.start,
            mediaTime: 0,
            path: "large"
        )
        chunk.frames = 2
        try scratch.write("large", "")
        #expect(truncate(scratch("large"), off_t(size)) == 0)
        let samples = [0, size / 2].map {
            MediaSample(offset: $0, size: UInt32(size / 2), decodeTime: 0, duration: 1, isSync: true)
        }
        var summary = Clip.Summary()
        (summary.bytes, summary.start) = (Int64(size) + 3, name.start)
        let plan = ClipPlan(
            head: [1, 2, 3],
            pieces: [ClipPlan.Piece(samples[...], of: chunk, number: 0)],
            directory: scratch.path,
            summary: summary
        )
        summary.bytes = 3
        let small = ClipPlan(head: [4, 5, 6], pieces: [], directory: scratch.path, summary: summary)
        var archive = Archive(
            [
                Archive.Entry(name: "lärge.mp4", time: name.start, plan: plan),
                Archive.Entry(name: "small.mp4", time: name.start, plan: small),
            ],
            at: name.start
        ) { $0.joined(separator: "\n") }
        try scratch.write("archive.zip", "")
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: scratch("archive.zip")))
        var place: UInt64 = 0
        while let part = try archive.next() {
            // A whole part is of the large file.
            if part.count < 256 << 10 {
                try file.seek(toOffset: place)
                try file.write(contentsOf: part)
            }
            place += UInt64(part.count)
        }
        try file.close()
        #expect(place == UInt64(archive.byteCount))
        let script = """
            import sys, zipfile
            archive = zipfile.ZipFile(sys.argv[1])
            assert archive.testzip() is None
            print([(each.filename, each.file_size) for each in archive.infolist()], archive.read("small.mp4"))
            print(archive.read("README.txt").decode())
            """
        let listed = try await run("/usr/bin/python3", "-c", script, scratch("archive.zip"), limit: .seconds(200))
        let files = "[('lärge.mp4', \(size + 3)), ('small.mp4', 3), ('README.txt', 129)] b'\\x04\\x05\\x06'\n"
        #expect(listed.output.hasPrefix(files), "\(listed.output)\(listed.errors)")
        let digest = "787c798e39a5bc1910355bae6d0cd87a36b2e10fd0202a83e3bb6b005da83472"
        #expect(listed.output.hasSuffix("\n\(digest)\n"))
    }
}

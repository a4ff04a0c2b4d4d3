// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import ISOBaseMedia

@Suite("Segments")
struct SegmentWriterTests {
    /// A head with its samples' bytes behind it.
    private func segment(_ samples: [Int], of table: SampleTable, _ file: [UInt8], number: UInt32 = 1) -> [UInt8] {
        SegmentWriter(table).head(of: samples, number: number)
            + samples.flatMap { file[Int(table.samples[$0].offset)...].prefix(Int(table.samples[$0].size)) }
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    @Test(
        "the segments of a file, one after another, are the same frames at the same times",
        arguments: [Recording.plain, .withBFrames, .hevc]
    )
    func all(recording: Recording) async throws {
        let scratch = try ScratchDirectory()
        let file = try await recording.bytes(in: scratch)
        let table = try SampleTable(file)
        var whole = SegmentWriter(table).initialisation
        var number: UInt32 = 0
        for (key, next) in zip(table.keyframes, table.keyframes.dropFirst() + [table.frames]) {
            number += 1
            whole += segment(Array(key..<next), of: table, file, number: number)
        }
        try write(whole, to: scratch("segments.mp4"))
        #expect(try await accessUnits(of: scratch("segments.mp4")) == accessUnits(of: scratch("recording.mp4")))
        let again = try SampleTable(whole)
        #expect(again.frames == table.frames && again.keyframes == table.keyframes)
        #expect(table.samples.indices.allSatisfy { again.presentationTicks(of: $0) == table.presentationTicks(of: $0) })
    }

    @Test("a segment from the middle plays alone, and keyframes alone last until the next")
    func some() async throws {
        let scratch = try ScratchDirectory()
        let file = try await Recording.plain.bytes(in: scratch)
        let table = try SampleTable(file)
        let key = table.keyframes[2]
        let middle = SegmentWriter(table).initialisation + segment(Array(key..<key + 10), of: table, file)
        try write(middle, to: scratch("middle.mp4"))
        let decoded = try await run("ffmpeg", "-v", "error", "-i", scratch("middle.mp4"), "-f", "null", "-")
        #expect(decoded.status == 0 && decoded.errors.isEmpty, "\(decoded.errors)")
        #expect(try await times(in: scratch("middle.mp4")).first == times(in: scratch("recording.mp4"))[key])
        let keys = SegmentWriter(table).initialisation + segment(table.keyframes, of: table, file)
        let read = try SampleTable(keys)
        #expect(read.frames == table.keyframes.count)
        #expect(read.samples.map(\.decodeTime) == table.keyframes.map { table.samples[$0].decodeTime })
        // The last lasts until the end, where the player is told so.
        let end = table.samples[49]
        let last = table.samples[table.keyframes.last ?? 0]
        let bytes = SegmentWriter(table).head(of: [table.keyframes.last ?? 0], lasting: 50)
        let duration = bytes.suffix(24).prefix(4).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        #expect(duration == end.decodeTime + UInt64(end.duration) - last.decodeTime)
    }

    @Test("the codec is named as ffmpeg and browsers name it")
    func mimeType() async throws {
        let scratch = try ScratchDirectory()
        let plain = try SampleTable(try await Recording.plain.bytes(in: scratch))
        #expect(plain.description.mimeType?.firstMatch(of: #/^video/mp4; codecs="avc1\.[0-9a-f]{6}"$/#) != nil)
        let hevc = try SampleTable(try await Recording.hevc.bytes(in: scratch))
        let name = hevc.description.mimeType ?? ""
        #expect(name.firstMatch(of: #/^video/mp4; codecs="hvc1\.\d+\.\d+\.L\d+(\.[0-9A-F]+)*"$/#) != nil, "\(name)")
    }

    /// When each frame is shown, as ffprobe reads it.
    private func times(in file: String) async throws -> [String] {
        let listed = try await run(
            "ffprobe",
            "-v",
            "error",
            "-select_streams",
            "v",
            "-show_entries",
            "packet=pts_time",
            "-of",
            "csv=p=0",
            file
        )
        return listed.output.split(separator: "\n").map { String($0.prefix { $0 != "," }) }
    }
}

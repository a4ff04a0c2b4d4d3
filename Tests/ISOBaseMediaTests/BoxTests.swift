// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import ISOBaseMedia

@Suite("Boxes")
struct BoxTests {
    private static func header(_ bytes: [UInt8]) throws -> BoxHeader {
        try bytes.withUnsafeBytes { try BoxHeader($0) }
    }

    @Test("a header says its type, its size and how long it is itself")
    func headers() throws {
        let small = try Self.header(box("mdat", [1, 2, 3]))
        #expect(small.type == "mdat" && small.size == 11 && small.headerSize == 8)
        let large = try Self.header(bigEndian(UInt32(1)) + Array("mdat".utf8) + bigEndian(UInt64(5_000_000_000)))
        #expect(large.size == 5_000_000_000 && large.headerSize == 16)
        let open = try Self.header(bigEndian(UInt32(0)) + Array("mdat".utf8))
        #expect(open.size == nil && open.headerSize == 8)
        #expect(open.type.description == "mdat")
    }

    @Test("a header that is cut off says how much is missing", arguments: 0..<16)
    func truncated(count: Int) {
        let large = bigEndian(UInt32(1)) + Array("mdat".utf8) + bigEndian(UInt64(99))
        #expect(throws: BoxHeader.Malformed.incomplete(needed: count < 8 ? 8 : 16)) {
            _ = try Self.header(Array(large.prefix(count)))
        }
    }

    @Test("a box cannot be smaller than its header", arguments: [2, 7] as [UInt32])
    func impossible(size: UInt32) {
        #expect(throws: BoxHeader.Malformed.impossibleSize(UInt64(size))) {
            _ = try Self.header(bigEndian(size) + Array("moov".utf8))
        }
        #expect(throws: BoxHeader.Malformed.impossibleSize(15)) {
            _ = try Self.header(bigEndian(UInt32(1)) + Array("moov".utf8) + bigEndian(UInt64(15)))
        }
    }

    @Test("the scanner knows where a growing file plays to, however its bytes come", arguments: 1...20)
    func scanner(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let muxer = MuxerWrites.finalised(fragments: Int.random(in: 1...6, using: &random), using: &random)
        var scanner = BoxScanner()
        var end: UInt64 = 0
        var indexes: [UInt64] = []
        for write in muxer.writes.prefix(muxer.writesBeforeEnd) {
            guard write.offset == end else {
                scanner.patched()
                continue
            }
            var rest = write.bytes[...]
            while !rest.isEmpty {
                let part = rest.prefix(Int.random(in: 1...700, using: &random))
                if try part.withUnsafeBytes({ try scanner.append($0) }) { indexes.append(scanner.playableEnd) }
                rest = rest.dropFirst(part.count)
            }
            end += UInt64(write.bytes.count)
        }
        #expect(indexes == muxer.indexEnds.map(UInt64.init), "seed \(seed)")
        #expect(scanner.firstIndexEnd == UInt64(muxer.indexEnds[0]))
    }

    @Test(
        "the scanner finds the index of a finished file",
        arguments: ["", "-movflags +faststart", "-movflags +frag_keyframe"]
    )
    func realFiles(flags: String) async throws {
        let scratch = try ScratchDirectory()
        let file = scratch("film.mp4")
        let words =
            "ffmpeg -nostdin -v error -f lavfi -i testsrc=s=320x240:r=25 -t 3 -c:v libx264 -bf 0 -g 25 -pix_fmt yuv420p"
        let made = try await run((words + " " + flags + " " + file).split(separator: " ").map(String.init))
        #expect(made.status == 0, "\(made.errors)")
        let content = try bytes(of: file)
        var scanner = BoxScanner()
        _ = try content.withUnsafeBytes { try scanner.append($0) }
        let range = try #require(scanner.movie)
        let movie = try content[Int(range.lowerBound)..<Int(range.upperBound)].withUnsafeBytes { try Movie($0) }
        #expect(movie.codec == "avc1" && movie.width == 320 && movie.height == 240)
        // Of a fragmented file ffmpeg's movie describes the first second, the fragments the rest.
        #expect(movie.frames == (flags.contains("frag") ? 25 : 75))
        if !flags.contains("frag") { #expect(movie.length == .seconds(3)) }
    }
}

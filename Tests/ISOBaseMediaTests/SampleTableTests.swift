// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import ISOBaseMedia

@Suite("Sample table")
struct SampleTableTests {
    @Test("a finished file has the frames that ffprobe finds", arguments: Recording.all)
    func finished(recording: Recording) async throws {
        let scratch = try ScratchDirectory()
        let table = try SampleTable(try await recording.bytes(in: scratch))
        #expect(table.isFinished && table.fault == nil && table.frames == 50)
        #expect(table.width == 160 && table.height == 120)
        #expect(table.codec == (recording.name == "HEVC" ? "hvc1" : "avc1"))
        #expect(table.length >= .milliseconds(1666) && table.length < .milliseconds(1667))
        #expect(try await Packet.probe(scratch("recording.mp4")) == table.packets)
    }

    @Test("a torn file has the frames that ffprobe finds", arguments: Recording.all)
    func torn(recording: Recording) async throws {
        let scratch = try ScratchDirectory()
        let table = try SampleTable(try await recording.torn().bytes(in: scratch))
        #expect(!table.isFinished && table.fault == nil && table.frames > 15)
        #expect(table.playableEnd < 200 * 512)
        #expect(try await Packet.probe(scratch("recording.mp4")) == table.packets)
    }

    @Test(
        "fragments whose index comes first are read as well",
        arguments: [
            "-movflags frag_keyframe+empty_moov", "-movflags frag_keyframe+default_base_moof+empty_moov",
            "-movflags frag_keyframe", "-movflags faststart",
        ]
    )
    func otherMuxer(flags: String) async throws {
        let scratch = try ScratchDirectory()
        let words = """
            ffmpeg -nostdin -v error -f lavfi -i testsrc=s=160x120:r=25 -f lavfi -i sine -t 3 -c:v libx264 -bf 0 -g 25 \
            -pix_fmt yuv420p -c:a aac \(flags) \(scratch("film.mp4"))
            """
        let made = try await run(words.split(separator: " ").map(String.init))
        #expect(made.status == 0, "\(made.errors)")
        let file = try bytes(of: scratch("film.mp4"))
        let table = try SampleTable(file)
        #expect(table.frames == 75 && table.isFinished == (flags == "-movflags faststart"))
        let packets = try await Packet.probe(scratch("film.mp4"))
        #expect(packets == table.packets)
        guard !table.isFinished else { return }
        // Media that are not all there are not in the table.
        var counts: Set<Int> = []
        for end in stride(from: 0, to: file.count, by: 7) {
            guard let part = try Self.table(of: Array(file[..<end])) else { continue }
            #expect(part.samples == Array(table.samples.prefix(part.frames)) && part.playableEnd <= UInt64(end))
            #expect(part.samples.allSatisfy { $0.range.upperBound <= UInt64(end) })
            counts.insert(part.frames)
        }
        #expect(counts.isSuperset(of: [25, 50]))
    }

    @Test("a growing file's table is the beginning of what it will be, at every byte")
    func growing() async throws {
        let scratch = try ScratchDirectory()
        var recording = Recording.plain.torn()
        recording.size = "width=32,height=32"
        let file = Array(try await recording.bytes(in: scratch).prefix(15_000))
        let whole = try SampleTable(file)
        var ends: Set<UInt64> = []
        var first: Int?
        for end in 0...file.count {
            guard let table = try Self.table(of: Prefix(file: file, count: end)) else {
                #expect(first == nil)
                continue
            }
            first = first ?? end
            guard ends.insert(table.playableEnd).inserted else { continue }
            #expect(table.playableEnd == UInt64(end) && table.fault == nil)
            var begun = Array(whole.samples.prefix(table.frames))
            // How long the last one lasts, the next fragment may correct by a unit.
            if let last = table.samples.last { begun[begun.count - 1].duration = last.duration }
            #expect(begun == table.samples && table.samples.allSatisfy { $0.range.upperBound <= UInt64(end) })
        }
        #expect(ends.count >= 5 && ends.max() == whole.playableEnd)
    }

    @Test("the index is read and no media, a fragment at once")
    func thrift() async throws {
        let scratch = try ScratchDirectory()
        let torn = Meter(try await Recording.plain.torn().bytes(in: scratch))
        let fragments = try Self.boxes(of: torn.file).filter { $0.type == "moof" }.count
        let frames = try SampleTable(torn).frames
        #expect(fragments > 2 && torn.reads <= fragments + 6 && torn.bytes < fragments * 280 + 3000)
        let finished = Meter(try await Recording.plain.bytes(in: scratch))
        #expect(try SampleTable(finished).frames == 50 && frames > 15)
        #expect(finished.reads <= 4 && finished.bytes < 3000)
    }

    @Test("zeros at the end of a torn file are no part of it")
    func zeros() async throws {
        let scratch = try ScratchDirectory()
        let file = try await Recording.plain.torn().bytes(in: scratch)
        let whole = try SampleTable(file)
        let end = Int(whole.playableEnd)
        let table = try SampleTable(Array(file[..<end]) + [UInt8](repeating: 0, count: 4096))
        #expect(table.samples == whole.samples && table.playableEnd == whole.playableEnd)
        #expect(table.fault == Malformed("no box", at: whole.playableEnd))
    }

    @Test("whatever is changed in a file, it is a table or an error", arguments: Recording.all)
    func fuzz(recording: Recording) async throws {
        let scratch = try ScratchDirectory()
        for file in [try await recording.torn().bytes(in: scratch), try await recording.bytes(in: scratch)] {
            // Where the boxes are that are read: changed media would change nothing.
            let index = try Self.indexBytes(of: file)
            var random = SeededRandom(seed: UInt64(file.count))
            for _ in 0..<400 {
                var damaged = file
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    guard let offset = index.randomElement(using: &random) else { continue }
                    let bytes = [0, 0xFF, UInt8.random(in: 0...255, using: &random)]
                    damaged[offset] = bytes.randomElement(using: &random) ?? 0
                }
                guard let table = try Self.table(of: damaged) else { continue }
                #expect(table.playableEnd <= UInt64(file.count) && table.length >= .zero)
                #expect(table.samples.allSatisfy { $0.range.upperBound <= UInt64(file.count) })
                let range = table.groups(covering: .seconds(1)..<Duration.seconds(2))
                #expect(range.upperBound <= table.frames)
                do throws(Repair.Refused) {
                    let repair = try Repair(table, created: 0)
                    #expect(repair.length == table.playableEnd)
                } catch { #expect(error != .noRoom) }
            }
        }
    }

    @Test("a fragment that claims more than a file can hold ends the table", arguments: [1, 9], [0, 1, 3] as [UInt32])
    func fragmentClaims(track: UInt32, size: UInt32) async throws {
        let scratch = try ScratchDirectory()
        let file = try await Recording.plain.torn().bytes(in: scratch)
        let first = try #require(try Self.boxes(of: file).first { $0.type == "moov" }).range.upperBound
        let frames = try SampleTable(Prefix(file: file, count: Int(first))).frames
        let header = box("tfhd", [0x10, track, size].flatMap { bigEndian($0) })
        let run = box("trun", bigEndian(UInt32(0)) + bigEndian(size == 3 ? 4_000_000 : UInt32.max))
        let claims = Array(file.prefix(Int(first))) + box("moof", box("traf", header + run))
        let table = try SampleTable(claims)
        #expect(table.frames == frames && table.playableEnd == first)
        #expect((table.fault != nil) == (size != 3))
    }

    @Test("claims that no file can hold are errors at once")
    func claims() throws {
        let zeros = Sparse(beginning: [], size: 2 << 30)
        #expect(throws: ReadError<Never>.malformed(Malformed("no box", at: 0))) { _ = try SampleTable(zeros) }
        let movie = bigEndian(UInt32(1 << 31)) + Array("moov".utf8)
        let large = Sparse(beginning: movie, size: 3 << 30)
        #expect(throws: ReadError<Never>.self) { _ = try SampleTable(large) }
        // Four billion samples of one size, of which the box says no more.
        for size in [0, 1] as [UInt32] {
            let count = bigEndian(UInt32(0)) + bigEndian(size) + bigEndian(UInt32.max)
            let entry = box("avc1", [UInt8](repeating: 0, count: 78))
            let table = box("stsd", bigEndian(UInt32(0)) + bigEndian(UInt32(1)) + entry) + box("stsz", count)
            let handler = box("hdlr", [UInt8](repeating: 0, count: 8) + Array("vide".utf8) + [0])
            let claim = box("moov", box("trak", box("mdia", handler + box("minf", box("stbl", table)))))
            #expect(throws: ReadError<Never>.self) { _ = try SampleTable(claim) }
        }
        let nested = (0..<5000).reduce([]) { content, _ in box("moov", content) }
        #expect(throws: ReadError<Never>.self) { _ = try SampleTable(nested) }
    }

    /// The table; `nil` if the file is none.
    private static func table<Source: ByteSource>(of source: Source) throws -> SampleTable?
    where Source.Failure == Never {
        do throws(ReadError<Never>) { return try SampleTable(source) } catch { return nil }
    }

    /// Reads a `moov` that lies behind so many bytes of media.
    static func inFile(ofSize size: UInt64, _ movie: [UInt8]) throws -> SampleTable {
        let header = bigEndian(UInt32(1)) + Array("mdat".utf8) + bigEndian(size)
        return try SampleTable(
            Sparse(beginning: header, end: movie, size: size + UInt64(movie.count))
        )
    }

    /// The bytes of a file's boxes other than `mdat`, and of its boxes' headers.
    private static func indexBytes(of file: [UInt8]) throws -> [Int] {
        try boxes(of: file).flatMap { box in
            let start = Int(box.range.lowerBound)
            return start..<(box.type == "mdat" ? start + box.headerSize : min(Int(box.range.upperBound), file.count))
        }
    }

    private static func boxes(of file: [UInt8]) throws -> [TopLevelBox] {
        var boxes = try TopLevelBoxes(file)
        var found: [TopLevelBox] = []
        while let box = try boxes.next() { found.append(box) }
        return found
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import ISOBaseMedia

@Suite("Movie writer")
struct MovieWriterTests {
    /// An `stsd` of so many entries.
    private static func description(entries: Int, seed: UInt8 = 0) throws -> SampleDescription {
        let bytes = (0..<entries).map { number in
            let head = [UInt8](repeating: seed, count: 24) + bigEndian(UInt16(640)) + bigEndian(UInt16(480 + number))
            return box("avc1", head + [UInt8](repeating: 0, count: 50))
        }
        return try SampleDescription(box("stsd", bigEndian(UInt32(0)) + bigEndian(UInt32(entries)) + bytes.joined()))
    }

    @Test("what is written is what is read", arguments: 1...60)
    func identity(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let hasOffsets = Bool.random(using: &random)
        let hasNegative = Bool.random(using: &random)
        let entries = Int.random(in: 1...3, using: &random)
        var writer = MovieWriter(timescale: UInt32.random(in: 1...100_000, using: &random), created: 0)
        let first = try writer.add(Self.description(entries: entries))
        #expect(first == 0)
        writer.edit = EditList(
            delay: Bool.random(using: &random) ? 0 : UInt64.random(in: 1...5000, using: &random),
            mediaStart: Bool.random(using: &random) ? 0 : UInt64.random(in: 1...5000, using: &random)
        )
        var offset: UInt64 = Bool.random(using: &random) ? 48 : 5_000_000_000
        var time: UInt64 = 0
        for _ in 0..<Int.random(in: 1...200, using: &random) {
            if Int.random(in: 0..<8, using: &random) == 0 { offset += UInt64.random(in: 1...999, using: &random) }
            let sample = MediaSample(
                offset: offset,
                size: UInt32.random(in: 0...3000, using: &random),
                decodeTime: time,
                duration: Bool.random(using: &random) ? 100 : UInt32.random(in: 0...60_000_000, using: &random),
                compositionOffset: hasOffsets ? Int32.random(in: (hasNegative ? -300 : 0)...300, using: &random) : 0,
                isSync: Int.random(in: 0..<4, using: &random) == 0,
                description: UInt16(Int.random(in: 0..<entries, using: &random))
            )
            writer.samples.append(sample)
            offset = sample.range.upperBound
            time += UInt64(sample.duration)
        }
        let movie = try writer.movie()
        let table = try SampleTableTests.inFile(ofSize: offset, movie)
        #expect(table.samples == writer.samples, "seed \(seed)")
        #expect(table.edit == writer.edit && table.timescale == writer.timescale)
        #expect(table.description.entries == writer.entries)
        #expect(try MovieWriter(table, created: 0).movie() == movie)
        #expect(try movie.withUnsafeBytes { try Movie($0) }.frames == writer.samples.count)
    }

    @Test("an export of two recordings of different sizes plays on, across the change")
    func export() async throws {
        let scratch = try ScratchDirectory()
        var media: [UInt8] = []
        var writer = MovieWriter(timescale: 3000, created: 1_790_000_000_000_000_000)
        var time: UInt64 = 0
        for (number, size) in ["width=160,height=120", "width=320,height=240", "width=160,height=120"].enumerated() {
            var recording = Recording.withBFrames
            recording.size = size
            let bytes = try await recording.bytes(in: scratch)
            let table = try SampleTable(bytes)
            let entry = try writer.add(table.description)
            // The third is as the first.
            #expect(entry == number % 2)
            let chosen = table.groups(covering: .milliseconds(600)..<Duration.milliseconds(900))
            #expect(chosen == 15..<30)
            for index in chosen {
                var sample = table.samples[index]
                let content = bytes[Int(sample.range.lowerBound)..<Int(sample.range.upperBound)]
                sample.decodeTime = time
                sample.description += entry
                time += UInt64(sample.duration)
                media += content
                writer.samples.append(sample)
            }
        }
        let head = try MovieFile.head(of: writer)
        let file = head + media
        var place = UInt64(head.count)
        for index in writer.samples.indices {
            writer.samples[index].offset = place
            place += UInt64(writer.samples[index].size)
        }
        try Data(file).write(to: URL(fileURLWithPath: scratch("export.mp4")))
        let table = try SampleTable(file)
        #expect(table.samples == writer.samples && table.length == .milliseconds(1500))
        #expect(try await Packet.probe(scratch("export.mp4")) == table.packets)
        #expect(try await pictures(of: scratch("export.mp4")).count == 45)
        let words = "ffprobe -v error -show_entries stream=nb_frames,duration:stream_tags -of csv "
        let probed = try await run((words + scratch("export.mp4")).split(separator: " ").map(String.init))
        let found = "stream,1.500000,45,2026-09-21T14:13:20.000000Z,und,VideoHandler"
        #expect(probed.errors == "" && probed.output.hasPrefix(found), "\(probed.output)\(probed.errors)")
    }

    @Test("what cannot be written down is refused")
    func refused() throws {
        var writer = MovieWriter(timescale: 1000, created: 0)
        #expect(throws: MovieWriter.Refused.noSamples) { _ = try writer.movie() }
        writer.samples = [10, 5].map { MediaSample(offset: 0, size: 1, decodeTime: $0, duration: 1, isSync: true) }
        #expect(throws: MovieWriter.Refused.noDescription(sample: 0)) { _ = try writer.movie() }
        _ = try writer.add(Self.description(entries: 1))
        #expect(throws: MovieWriter.Refused.timeOutOfOrder(sample: 1)) { _ = try writer.movie() }
    }

    @Test("a description that is there already is not added again")
    func descriptions() throws {
        var writer = MovieWriter(timescale: 1000, created: 0)
        #expect(try writer.add(Self.description(entries: 1, seed: 1)) == 0)
        #expect(try writer.add(Self.description(entries: 2, seed: 2)) == 1)
        #expect(try writer.add(Self.description(entries: 2, seed: 2)) == 1)
        #expect(try writer.add(Self.description(entries: 1, seed: 1)) == 0)
        #expect(writer.entries.count == 3)
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation
import ISOBaseMedia
import TestSupport
import Testing

@testable import Footage

@Suite("Media check", .timeLimit(.minutes(2)))
struct MediaCheckTests {
    @Test("a page that never reached the disk ends a torn chunk before its frame", arguments: [512, 4096])
    func hole(pageSize: Int) async throws {
        let recording = try await JournaledRecording.shared.value
        let bytes = try #require(recording.files.last).bytes
        let table = try SampleTable(bytes)
        let scratch = try ScratchDirectory(inMemory: true)
        func whole(_ bytes: [UInt8]) throws -> Int {
            try Data(bytes).write(to: URL(fileURLWithPath: scratch("chunk.mp4")))
            return try MediaCheck.wholeSamples(of: table, in: RandomAccessFile(scratch("chunk.mp4")))
        }
        #expect(try whole(bytes) == table.samples.count)
        var random = SeededRandom(seed: 1)
        for _ in 0..<30 {
            let page = Int.random(in: 1..<bytes.count / pageSize, using: &random) * pageSize
            var holed = bytes
            let zeros = [UInt8](repeating: 0, count: min(pageSize, bytes.count - page))
            holed.replaceSubrange(page..<page + zeros.count, with: zeros)
            let expected = table.samples.firstIndex { sample in
                let range = Int(sample.range.lowerBound)..<Int(sample.range.upperBound)
                return bytes[range] != holed[range]
            }
            #expect(try whole(holed) == expected ?? table.samples.count)
        }
    }

    @Test(
        "a final index that was not synced is not believed: what it describes may not have reached the disk, nor itself"
    )
    func unsyncedFinalIndex() async throws {
        let recording = try await JournaledRecording.shared(by: .splitmuxsink)
        let file = try #require(recording.files.last { $0.renamed != nil })
        // The file as it is between the write of its final index and the sync behind it.
        var disk = SimulatedDisk()
        for entry in recording.entries[..<file.opened] { disk.apply(entry) }
        var place = file.opened
        var hidden: Range<UInt64>?
        while hidden == nil, place < file.renamed ?? 0 {
            disk.apply(recording.entries[place])
            place += 1
            guard let bytes = disk.bytes(at: file.name.openPath), !bytes.isEmpty else { continue }
            hidden = (try? SampleTable(bytes, isTorn: true))?.hiddenMovie
        }
        let movie = try #require(hidden)
        let bytes = try #require(disk.bytes(at: file.name.openPath))
        let fragments = try SampleTable(bytes).frames
        let samples = try SampleTable(bytes, isTorn: true).samples
        #expect(fragments < samples.count)
        for page in (samples[fragments].range.lowerBound / 512 + 1)..<(movie.upperBound / 512) {
            var holed = bytes
            for index in Int(page * 512)..<Int(page * 512 + 512) { holed[index] = 0 }
            let scratch = try ScratchDirectory(inMemory: true)
            let chunk = Chunk(
                id: 1,
                camera: file.name.camera,
                run: 1,
                sequence: 0,
                state: .open,
                start: file.name.start,
                mediaTime: 0,
                path: file.name.path
            )
            try FileManager.default.createDirectory(
                atPath: scratch((file.name.path as NSString).deletingLastPathComponent),
                withIntermediateDirectories: true
            )
            try Data(holed).write(to: URL(fileURLWithPath: scratch(chunk.openPath)))
            let run = Run(
                identity: "run",
                camera: chunk.camera,
                boot: "boot",
                clock: RunClock.Mapping(offset: 0, state: .synchronised)
            )
            let mended = try #require(try ChunkRepair.mend(chunk, of: run, store: "store", in: scratch("")))
            let result = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch(mended.path))))
            let kept = try SampleTable(result).samples
            #expect(kept.count >= fragments, "page \(page)")
            for (sample, original) in zip(kept, file.samples) {
                #expect(result[Int(sample.range.lowerBound)..<Int(sample.range.upperBound)] == original, "page \(page)")
            }
        }
    }
}

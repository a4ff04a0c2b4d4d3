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
}

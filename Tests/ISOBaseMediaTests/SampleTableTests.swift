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
}

// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import ISOBaseMedia

@Suite("Repair")
struct RepairTests {
    private static let created: Int64 = 1_790_000_000_000_000_000
    private static let extra = box("free", [1, 2, 3])

    private static func repaired(_ file: [UInt8], by repair: Repair) -> [UInt8] {
        var file = file.prefix(Int(repair.length)) + repair.appended
        let offset = Int(repair.patch.offset)
        file.replaceSubrange(offset..<offset + repair.patch.bytes.count, with: repair.patch.bytes)
        return Array(file)
    }

    @Test("a repaired file shows the very pictures that the torn one did", arguments: Recording.all)
    func pictures(recording: Recording) async throws {
        let scratch = try ScratchDirectory()
        let torn = try await recording.torn().bytes(in: scratch)
        let table = try SampleTable(torn)
        let repair = try Repair(table, created: Self.created, appending: Self.extra)
        let file = Self.repaired(torn, by: repair)
        try Data(file).write(to: URL(fileURLWithPath: scratch("repaired.mp4")))
        try Data(torn.prefix(Int(table.playableEnd))).write(to: URL(fileURLWithPath: scratch("recording.mp4")))

        let after = try SampleTable(file)
        #expect(after.isFinished && after.samples == table.samples && after.edit == table.edit)
        #expect(after.playableEnd == UInt64(file.count - Self.extra.count))
        #expect(try await Packet.probe(scratch("repaired.mp4")) == table.packets)
        let seen = try await ISOBaseMediaTests.pictures(of: scratch("repaired.mp4"))
        #expect(seen.count == table.frames)
        // ffmpeg believes the torn file's edit list, which has the length of the first fragment: of pictures that are
        // shown later than they are decoded it may leave one out.
        let before = try await ISOBaseMediaTests.pictures(of: scratch("recording.mp4"))
        #expect(before.count >= seen.count - 1 && Set(before).isSubset(of: seen))
        let all = try await ISOBaseMediaTests.pictures(of: scratch("recording.mp4"), "-ignore_editlist 1")
        #expect(try await ISOBaseMediaTests.pictures(of: scratch("repaired.mp4"), "-ignore_editlist 1") == all)
        let words = "ffmpeg -nostdin -v error -ignore_editlist 1 -i \(scratch("recording.mp4")) -map 0:v -c copy "
        let remuxed = try await run((words + scratch("plain.mp4")).split(separator: " ").map(String.init))
        #expect(remuxed.status == 0 && remuxed.errors == "", "\(remuxed.errors)")
        let plain = try await ISOBaseMediaTests.pictures(of: scratch("plain.mp4"))
        #expect(plain.map { $0.split(separator: " ").last } == seen.map { $0.split(separator: " ").last })
    }

    @Test(
        "a file that was cut off while it was being finalised is finished, and no frame is lost",
        arguments: [true, false]
    )
    func finalising(isOldIndexBroken: Bool) async throws {
        let finished = try await Recording.plain.bytes(in: try ScratchDirectory())
        // What mp4mux does at last, undone: it breaks the first index, and widens the first `mdat` over everything.
        let hidden = Array("hoov".utf8)
        let old = try #require(finished.indices.first { finished[$0...].starts(with: hidden) })
        let media = try #require(finished.indices.first { finished[$0...].starts(with: Array("mdat".utf8)) }) - 4
        var torn = finished
        torn.replaceSubrange(media..<media + 4, with: bigEndian(UInt32(old - 4 - media)))
        if !isOldIndexBroken { torn.replaceSubrange(old..<old + 4, with: Array("moov".utf8)) }
        // And a part of what would have come next.
        let table = try SampleTable(torn + Self.extra.prefix(5), isTorn: true)
        #expect(try table.samples == SampleTable(finished).samples && !table.isFinished)
        let repair = try Repair(table, created: Self.created, appending: Self.extra)
        let file = Self.repaired(torn, by: repair)
        #expect(try SampleTable(file).samples == table.samples && SampleTable(file).isFinished)
        #expect(file.count == finished.count + Self.extra.count)
    }

    @Test("GStreamer plays a repaired file, whether it may seek in it or not", arguments: ["", "queue !"])
    func gstreamer(queue: String) async throws {
        let scratch = try ScratchDirectory()
        let torn = try await Recording.withBFrames.torn().bytes(in: scratch)
        let table = try SampleTable(torn)
        let file = Self.repaired(torn, by: try Repair(table, created: Self.created))
        try Data(file).write(to: URL(fileURLWithPath: scratch("repaired.mp4")))
        let words = """
            gst-launch-1.0 -q filesrc location=\(scratch("repaired.mp4")) ! \(queue) qtdemux ! h264parse \
            ! video/x-h264,stream-format=byte-stream,alignment=au ! multifilesink location=\(scratch("frame%05d"))
            """
        let played = try await run(words.split(separator: " ").map(String.init))
        #expect(played.status == 0 && played.errors == "", "\(played.errors)")
        #expect(try scratch.entries.filter { $0.hasPrefix("frame") }.count == table.frames)
    }

    @Test("wherever a power cut ends a repair, the same repair can be made again")
    func cuts() async throws {
        let scratch = try ScratchDirectory()
        let torn = try await Recording.plain.torn().bytes(in: scratch)
        let table = try SampleTable(torn)
        let repair = try Repair(table, created: Self.created, appending: Self.extra)
        #expect(repair.patch.isInOneSector && repair.patch.bytes.count == 8)
        let cut = Array(torn.prefix(Int(repair.length)))
        // What is appended may be there in part, and in part as zeros.
        for count in 0...repair.appended.count {
            let part = Array(repair.appended.prefix(count))
            for file in [cut + part, cut + part + [UInt8](repeating: 0, count: repair.appended.count - count)] {
                let again = try SampleTable(file)
                #expect(again.samples == table.samples && again.playableEnd == table.playableEnd)
                if count % 97 == 0 || count == repair.appended.count {
                    #expect(try Repair(again, created: Self.created, appending: Self.extra) == repair)
                }
            }
        }
        let done = try SampleTable(Self.repaired(torn, by: repair))
        #expect(throws: Repair.Refused.isFinished) { _ = try Repair(done, created: Self.created) }
    }

    /// A torn file of two fragments, with its boxes in the one order or the other.
    private static func layout(_ leading: [UInt8], mediaFirst: Bool) async throws -> [UInt8] {
        let scratch = try ScratchDirectory()
        let torn = try await Recording.plain.torn().bytes(in: scratch)
        let table = try SampleTable(torn)
        var writer = MovieWriter(table, created: 0)
        writer.samples = Array(table.samples.prefix(2))
        let media = writer.samples.map { Array(torn[Int($0.range.lowerBound)..<Int($0.range.upperBound)]) }
        let data = box("mdat", media.joined().map { $0 })
        func movie(at start: Int) throws -> [UInt8] {
            writer.samples[0].offset = UInt64(start + 8)
            writer.samples[1].offset = writer.samples[0].range.upperBound
            let defaults = [0, 1, 1, 0, 0, 0].flatMap { bigEndian(UInt32($0)) }
            return try box("moov", Array(writer.movie().dropFirst(8)) + box("mvex", box("trex", defaults)))
        }
        if mediaFirst { return try leading + data + movie(at: leading.count) }
        let size = try movie(at: 0).count
        return try leading + movie(at: leading.count + size) + data
    }

    @Test("a file is repaired whatever its first boxes are", arguments: [true, false], [0, 1, 2])
    func layouts(mediaFirst: Bool, leading: Int) async throws {
        let kind = box("ftyp", Array("mp42".utf8) + bigEndian(UInt32(0)) + Array("mp42isom".utf8))
        let file = try await Self.layout([kind, kind + box("free"), []][leading], mediaFirst: mediaFirst)
        let table = try SampleTable(file)
        #expect(table.frames == 2 && table.playableEnd == UInt64(file.count))
        let after = try SampleTable(Self.repaired(file, by: try Repair(table, created: Self.created)))
        #expect(after.isFinished && after.samples == table.samples)
    }

    @Test("above 4 GiB the header takes 16 bytes, and is written where it finds them")
    func large() {
        let end: UInt64 = 5_000_000_000
        #expect(Room(offset: 32, size: 8).header(reaching: end) == nil)
        #expect(
            Room(offset: 32, size: 16).header(reaching: end)?.bytes
                == bigEndian(UInt32(1)) + Array("mdat".utf8) + bigEndian(end - 32)
        )
        #expect(Room(offset: 32, size: 8).header(reaching: 4_294_967_295 + 32)?.bytes.count == 8)
        #expect(Room(offset: 32, size: 8).header(reaching: 4_294_967_296 + 32) == nil)
    }
}

// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import ISOBaseMedia

@Suite("Looking up samples")
struct LookupTests {
    /// Ten groups of a second, of five frames each, in units of 10 ms; two frames without a keyframe are before them.
    private static func table(
        edit: EditList = EditList(),
        isSync: (Int) -> Bool = { $0 % 5 == 2 }
    ) throws -> SampleTable {
        var writer = MovieWriter(timescale: 100, created: 0)
        let entry = box("avc1", [UInt8](repeating: 0, count: 78))
        _ = try writer.add(SampleDescription(box("stsd", bigEndian(UInt32(0)) + bigEndian(UInt32(1)) + entry)))
        writer.edit = edit
        writer.samples = (0..<52).map { index in
            MediaSample(
                offset: UInt64(16 + index),
                size: 1,
                decodeTime: UInt64(index * 20),
                duration: 20,
                isSync: isSync(index)
            )
        }
        return try SampleTableTests.inFile(ofSize: 100, writer.movie())
    }

    @Test(
        "a time's keyframe is the last that is shown by then",
        arguments: [(0, nil), (399, nil), (400, 2), (1399, 2), (1400, 7), (99_000, 47), (-1, nil)]
    )
    func keyframe(milliseconds: Int, expected: Int?) throws {
        #expect(try Self.table().keyframe(atOrBefore: .milliseconds(milliseconds)) == expected)
    }

    @Test(
        "a span is taken in whole groups of pictures",
        arguments: [
            (1500..<1600, 7..<12), (1400..<2400, 7..<12), (1400..<2401, 7..<17), (0..<500, 2..<7), (0..<100, 0..<0),
            (0..<99_000, 2..<52), (9500..<9999, 47..<52), (2000..<2000, 0..<0),
        ]
    )
    func groups(milliseconds: Range<Int>, expected: Range<Int>) throws {
        let span = Duration.milliseconds(milliseconds.lowerBound)..<Duration.milliseconds(milliseconds.upperBound)
        #expect(try Self.table().groups(covering: span) == expected)
    }

    @Test("an edit list moves what is shown")
    func edited() throws {
        let table = try Self.table(edit: EditList(delay: 100, mediaStart: 20))
        #expect(table.presentationTime(of: 2) == .milliseconds(1200))
        #expect(table.keyframe(atOrBefore: .milliseconds(1199)) == nil)
        #expect(table.keyframe(atOrBefore: .milliseconds(1200)) == 2)
    }

    @Test("without keyframes there is nothing to decode")
    func noKeyframes() throws {
        let table = try Self.table { _ in false }
        #expect(table.keyframe(atOrBefore: .seconds(5)) == nil)
        #expect(table.groups(covering: .zero..<Duration.seconds(9)).isEmpty)
    }

    @Test(
        "each keyframe's own time finds it, whatever the timescale",
        arguments: [3, 1001, 30_000, 90_000] as [UInt32]
    )
    func ownTime(timescale: UInt32) throws {
        var writer = MovieWriter(timescale: timescale, created: 0)
        let entry = box("avc1", [UInt8](repeating: 0, count: 78))
        _ = try writer.add(SampleDescription(box("stsd", bigEndian(UInt32(0)) + bigEndian(UInt32(1)) + entry)))
        writer.samples = (0..<50).map {
            MediaSample(offset: 16, size: 1, decodeTime: UInt64($0 * 7), duration: 7, isSync: true)
        }
        let table = try SampleTableTests.inFile(ofSize: 100, writer.movie())
        for index in 0..<50 {
            let time = table.presentationTime(of: index)
            #expect(table.keyframe(atOrBefore: time) == index)
            if index > 0 { #expect(table.groups(covering: .zero..<time) == 0..<index) }
        }
    }
}

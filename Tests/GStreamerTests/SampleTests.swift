// SPDX-License-Identifier: Apache-2.0
import Synchronization
import TestSupport
import Testing

@testable import GStreamer

@Suite("Samples", .gstreamer, .timeLimit(.minutes(1)))
struct SampleTests {
    @Test("a sample tells keyframes from others, as the encoder marked them")
    func keyframes() async throws {
        let frames = try await encodedFrames(12, gop: 4)
        #expect(frames.map(\.isKeyframe) == (0..<12).map { $0 % 4 == 0 })
    }

    @Test("times are running times, whatever the segment begins at")
    func runningTimes() async throws {
        // x264enc's timestamps begin at 1000 h, and its segment too.
        let frames = try await encodedFrames(4, gop: 4, framerate: 25)
        let times = try frames.map { try #require($0.presentation).nanoseconds }
        #expect(times == [0, 40_000_000, 80_000_000, 120_000_000])
    }

    @Test("a sample without times has none")
    func noTimes() {
        let sample = Sample.made(of: [1], presentation: nil, isKeyframe: true)
        #expect(sample.presentationTime == nil)
        #expect(sample.decodeTime == nil)
    }

    @Test("a retimed sample has the same bytes in the same memory, the new times and the given format")
    func retimed() throws {
        let sample = Sample.made(of: [1, 2, 3], presentation: ClockTime(nanoseconds: 5), isKeyframe: false)
        let caps = try #require(Caps("video/x-h264,stream-format=(string)avc,width=(int)160"))
        let other = sample.retimed(
            presentation: ClockTime(nanoseconds: 70),
            decode: ClockTime(nanoseconds: 60),
            caps: caps
        )
        #expect(other.presentationTime == ClockTime(nanoseconds: 70))
        #expect(other.decodeTime == ClockTime(nanoseconds: 60))
        #expect(other.isKeyframe == false)
        #expect(other.byteCount == 3)
        let isSame = sample.withBytes { one in
            other.withBytes { one.baseAddress == $0.baseAddress && one.count == $0.count }
        }
        #expect(isSame)
        #expect(other.caps == caps)
        // The original stays what it was.
        #expect(sample.presentationTime == ClockTime(nanoseconds: 5))
    }

    @Test("formats are equal by value")
    func caps() throws {
        let text = "video/x-h264,stream-format=(string)avc"
        let sample = Sample.made(of: [1], caps: text, presentation: nil, isKeyframe: true)
        #expect(sample.hasCaps(try #require(Caps(text))))
        #expect(!sample.hasCaps(try #require(Caps("video/x-h264,stream-format=(string)byte-stream"))))
        #expect(sample.caps?.mediaType == "video/x-h264")
        #expect(sample.caps?.string("stream-format") == "avc")
        #expect(sample.caps?.string("level") == nil)
        #expect(sample.caps?.int("width") == nil)
        #expect(Caps("not, caps; at all!") == nil)
    }

    @Test("a queue keeps samples in order and counts their bytes")
    func queue() {
        var queue = SampleQueue()
        #expect(queue.isEmpty == true)
        for count in 1...4 {
            queue.append(Sample.made(of: Array(repeating: 7, count: count), presentation: nil, isKeyframe: true))
        }
        #expect(queue.count == 4)
        #expect(queue.byteCount == 10)
        var seen: [[Int]] = []
        queue.withEach { seen.append([$0, $1.byteCount]) }
        #expect(seen == [[0, 1], [1, 2], [2, 3], [3, 4]])
        queue.removeAll()
        #expect(queue.isEmpty == true)
        #expect(queue.byteCount == 0)
    }
}

/// The two ways in which MP4 has video, with all kinds of units that there are.
struct UnitFormat: Sendable, CustomTestStringConvertible {
    let streamFormat: String
    let parameterSets: Set<Int>
    let types: Range<Int>
    let header: @Sendable (Int) -> [UInt8]

    var testDescription: String { streamFormat }

    static let all = [
        // H.264: the type is in the lower five bits of the first byte; above it lie forbidden bit and nal_ref_idc.
        UnitFormat(streamFormat: "avc", parameterSets: [7, 8], types: 1..<24) { [UInt8($0 | 0x60)] },
        // H.265: six bits, above them the forbidden bit, below and in the second byte layer and temporal id.
        UnitFormat(streamFormat: "hvc1", parameterSets: [32, 33, 34], types: 0..<48) { [UInt8($0 << 1 | 1), 1] },
    ]
}

@Suite("Parameter sets", .gstreamer)
struct ParameterSetTests {
    @Test(
        "of any list of units the parameter sets are left out, and nothing else",
        arguments: UnitFormat.all,
        1...50 as ClosedRange<UInt64>
    )
    func property(format: UnitFormat, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var units: [[UInt8]] = []
        var kept: [[UInt8]] = []
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let isParameterSet = Bool.random(using: &random)
            let type =
                isParameterSet
                ? format.parameterSets.sorted().randomElement(using: &random) ?? 0
                : format.types.filter { !format.parameterSets.contains($0) }.randomElement(using: &random) ?? 0
            let unit = format.header(type) + random.bytes(Int.random(in: 0...40, using: &random))
            units.append(unit)
            if !isParameterSet { kept.append(unit) }
        }
        let whole = Self.joined(units)
        let sample = Sample.made(
            of: whole,
            caps: "video/x-test,stream-format=(string)\(format.streamFormat)",
            presentation: ClockTime(nanoseconds: 3),
            decode: ClockTime(nanoseconds: 2),
            isKeyframe: seed % 2 == 0
        )
        guard let bare = sample.withoutParameterSets() else {
            // Nothing to leave out, or nothing would be left.
            #expect(kept == units || kept.isEmpty, "seed \(seed)")
            return
        }
        #expect(bare.bytes == Self.joined(kept), "seed \(seed)")
        #expect(kept.count < units.count && !kept.isEmpty, "seed \(seed)")
        #expect(bare.isKeyframe == (seed % 2 == 0))
        #expect(bare.presentationTime == ClockTime(nanoseconds: 3))
        #expect(bare.decodeTime == ClockTime(nanoseconds: 2))
        #expect(sample.bytes == whole)
    }

    @Test("what is cut off or torn is left as it is", arguments: UnitFormat.all)
    func torn(format: UnitFormat) {
        let parameterSet = format.header(format.parameterSets.sorted()[0]) + [9, 9]
        let units = Self.joined([parameterSet, format.header(1) + [1, 2, 3], parameterSet])
        for count in 0..<units.count {
            let caps = "video/x-test,stream-format=(string)\(format.streamFormat)"
            let sample = Sample.made(of: Array(units[..<count]), caps: caps, presentation: nil, isKeyframe: true)
            let bare = sample.withoutParameterSets()?.bytes
            // Whole units only: the set and the picture, which end here.
            let isWhole = count == parameterSet.count + 8 + format.header(1).count + 3
            #expect((bare != nil) == isWhole, "the first \(count) bytes")
        }
    }

    @Test("a length that says anything never traps", arguments: UnitFormat.all, 1...20 as ClosedRange<UInt64>)
    func garbage(format: UnitFormat, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var bytes = random.bytes(Int.random(in: 0...64, using: &random))
        for index in bytes.indices where Int.random(in: 0..<3, using: &random) > 0 {
            bytes[index] = index % 5 == 3 ? 2 : 0
        }
        let caps = "video/x-test,stream-format=(string)\(format.streamFormat)"
        let sample = Sample.made(of: bytes, caps: caps, presentation: nil, isKeyframe: true)
        if let bare = sample.withoutParameterSets() { #expect(bare.byteCount < bytes.count, "seed \(seed)") }
    }

    @Test("other stream formats are left as they are", arguments: ["byte-stream", "hev1", "avc3"])
    func otherFormats(streamFormat: String) {
        let bytes = Self.joined([[0x67, 1, 2], [0x65, 3, 4]])
        let caps = "video/x-h264,stream-format=(string)\(streamFormat)"
        let sample = Sample.made(of: bytes, caps: caps, presentation: nil, isKeyframe: true)
        let isNil = sample.withoutParameterSets() == nil
        #expect(isNil)
    }

    @Test("what x264 repeats in each keyframe is taken out of it")
    func real() async throws {
        let frames = try await encodedFrames(6, gop: 3)
        for frame in frames {
            let time = ClockTime(nanoseconds: 0)
            let sample = Sample.made(of: frame, at: time)
            guard let bare = sample.withoutParameterSets() else {
                #expect(!frame.isKeyframe)
                continue
            }
            #expect(frame.isKeyframe)
            #expect(bare.isKeyframe == true)
            #expect(Self.types(bare.bytes).filter { (7...8).contains($0) }.isEmpty)
            #expect(Self.types(bare.bytes) == Self.types(frame.bytes).filter { !(7...8).contains($0) })
        }
    }

    private static func joined(_ units: [[UInt8]]) -> [UInt8] { units.flatMap { bigEndian(UInt32($0.count)) + $0 } }

    /// The types of H.264 units.
    private static func types(_ bytes: [UInt8]) -> [UInt8] {
        var types: [UInt8] = []
        var offset = 0
        while offset + 5 <= bytes.count {
            types.append(bytes[offset + 4] & 0x1f)
            offset += 4 + bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        return types
    }
}

@Suite("App sources and sinks", .gstreamer, .timeLimit(.minutes(1)))
struct AppElementTests {
    @Test("what is pushed arrives by reference, with its times and flags")
    func reference() async throws {
        let pipeline = try Pipeline(
            parsing:
                "appsrc name=in is-live=true format=time handle-segment-change=true ! queue ! appsink name=out sync=false"
        )
        let source = try #require(pipeline.appSource(named: "in"))
        let sink = try #require(pipeline.appSink(named: "out"))
        let (arrivals, arrive) = AsyncStream.makeStream(of: (UInt, ReceivedFrame).self)
        sink.onSample { sample in
            arrive.yield((sample.withBytes { UInt(bitPattern: $0.baseAddress) }, ReceivedFrame(sample)))
        }
        await pipeline.setState(.playing)
        var iterator = arrivals.makeAsyncIterator()
        for number in 1...5 {
            let time = ClockTime(nanoseconds: UInt64(number) * 1000)
            let sample = Sample.made(
                of: [UInt8(number), 2, 3],
                presentation: time,
                decode: time,
                isKeyframe: number == 1
            )
            let address = sample.withBytes { UInt(bitPattern: $0.baseAddress) }
            #expect(source.push(sample) == .accepted)
            let (arrivedAt, frame) = try #require(await iterator.next())
            #expect(arrivedAt == address)
            #expect(frame.bytes == [UInt8(number), 2, 3])
            #expect(frame.presentation == time)
            #expect(frame.decode == time)
            #expect(frame.isKeyframe == (number == 1))
        }
        await pipeline.setState(.null)
    }

    @Test("a source queues before the start, counts its bytes, and is closed after the end")
    func queued() async throws {
        let pipeline = try Pipeline(
            parsing: "appsrc name=in is-live=true format=time handle-segment-change=true ! appsink name=out sync=false"
        )
        let source = try #require(pipeline.appSource(named: "in"))
        let frames = FrameCollector(of: try #require(pipeline.appSink(named: "out")))
        for number in 1...4 {
            let time = ClockTime(nanoseconds: UInt64(number))
            #expect(source.push(Sample.made(of: [0, 1, 2, 3, 4], presentation: time, isKeyframe: true)) == .accepted)
            #expect(source.queuedBytes == 5 * number)
        }
        source.endOfStream()
        #expect(source.push(Sample.made(of: [9], presentation: nil, isKeyframe: true)) == .closed)
        try await play(pipeline)
        #expect(frames.all.count == 4)
        #expect(source.queuedBytes == 0)
    }

    @Test("a source that was stopped takes nothing")
    func stopped() async throws {
        let pipeline = try Pipeline(parsing: "appsrc name=in ! fakesink")
        let source = try #require(pipeline.appSource(named: "in"))
        await pipeline.setState(.playing)
        await pipeline.setState(.null)
        #expect(source.push(Sample.made(of: [9], presentation: nil, isKeyframe: true)) == .closed)
    }
}

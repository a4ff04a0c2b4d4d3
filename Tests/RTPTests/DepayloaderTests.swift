// SPDX-License-Identifier: Apache-2.0
import GStreamer
import Synchronization
import TestSupport
import Testing

@testable import RTP

/// What is taken out of packets is what GStreamer's own depayloaders and parsers take out of them, byte for byte.
@Suite("Depayloader", .gstreamer, .timeLimit(.minutes(2)))
struct DepayloaderTests {
    /// What an encoder and a payloader may do.
    struct Stream: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var codec = Codec.h264
        var encoder = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 option-string=scenecut=0"
        var payloader = "config-interval=-1 mtu=1400"
        /// Without the markers of last packets.
        var hasMarkers = true

        static let all = [
            Stream(testDescription: "whole units and fragments"),
            Stream(testDescription: "slices", encoder: slices),
            Stream(testDescription: "small packets", payloader: "config-interval=-1 mtu=120"),
            Stream(testDescription: "aggregates", payloader: "config-interval=-1 aggregate-mode=zero-latency"),
            Stream(testDescription: "large aggregates", payloader: "aggregate-mode=max-stap mtu=9000"),
            Stream(testDescription: "no whole keyframes", encoder: "x264enc intra-refresh=true bframes=0"),
            Stream(testDescription: "another order", encoder: "x264enc bframes=3 b-adapt=false key-int-max=20"),
            Stream(testDescription: "delimiters", encoder: "x264enc aud=true tune=zerolatency key-int-max=10"),
            Stream(testDescription: "no markers", hasMarkers: false),
            Stream(testDescription: "slices without markers", encoder: slices, hasMarkers: false),
            Stream(testDescription: "H.265", codec: .h265, encoder: h265),
            Stream(testDescription: "H.265, small", codec: .h265, encoder: h265, payloader: "mtu=120"),
            Stream(
                testDescription: "H.265, aggregates",
                codec: .h265,
                encoder: h265,
                payloader: "config-interval=-1 aggregate-mode=zero-latency"
            ),
            Stream(testDescription: "H.265 without markers", codec: .h265, encoder: h265, hasMarkers: false),
        ]

        private static let slices = "x264enc tune=zerolatency key-int-max=10 option-string=slices=4"
        private static let h265 = "x265enc speed-preset=ultrafast tune=zerolatency key-int-max=10"
        private var name: String { codec == .h264 ? "h264" : "h265" }
        private var format: String { codec == .h264 ? "avc" : "hvc1" }

        /// Its packets, with the time of each; encoded once for all tests.
        func packets() async throws -> [ReceivedFrame] {
            let making = Self.made.withLock { made in
                let task = made[testDescription] ?? Task { try await encoded() }
                made[testDescription] = task
                return task
            }
            return try await making.value
        }

        private static let made = Mutex<[String: Task<[ReceivedFrame], any Error>]>([:])

        private func encoded() async throws -> [ReceivedFrame] {
            let pipeline = try Pipeline(
                parsing: "videotestsrc num-buffers=60 horizontal-speed=5 "
                    + "! video/x-raw,format=I420,width=176,height=144,framerate=30/1 ! \(encoder) "
                    + "! \(name)parse ! rtp\(name)pay pt=96 ssrc=7 seqnum-offset=65500 timestamp-offset=4294900000 "
                    + "\(payloader) ! appsink name=feed sync=false"
            )
            let collector = FrameCollector(of: try #require(pipeline.appSink(named: "feed")))
            try await play(pipeline)
            return collector.all.map { packet in
                guard !hasMarkers else { return packet }
                var bytes = packet.bytes
                bytes[1] &= 0x7f
                return ReceivedFrame(.made(of: bytes, presentation: packet.presentation, isKeyframe: false))
            }
        }

        /// What GStreamer takes out of packets.
        func reference(_ packets: [ReceivedFrame]) async throws -> [ReceivedFrame] {
            let pipeline = try Pipeline(
                parsing: "appsrc name=source format=time ! rtp\(name)depay "
                    + "! video/x-\(name),stream-format=\(format),alignment=au ! \(name)parse ! appsink name=feed sync=false"
            )
            let source = try #require(pipeline.appSource(named: "source"))
            let collector = FrameCollector(of: try #require(pipeline.appSink(named: "feed")))
            let encoding = name.uppercased()
            let caps = "application/x-rtp,media=video,encoding-name=\(encoding),clock-rate=90000,payload=96"
            for packet in packets {
                let sample = Sample.made(
                    of: packet.bytes,
                    caps: caps,
                    presentation: packet.presentation,
                    isKeyframe: true
                )
                #expect(source.push(sample) == .accepted)
            }
            source.endOfStream()
            try await play(pipeline)
            return collector.all
        }
    }

    /// A unit as it was handed over.
    private struct Unit: Equatable {
        let bytes: [UInt8]
        let timestamp: UInt32
        let isKeyframe: Bool
    }

    private func units(_ codec: Codec, _ packets: [[UInt8]]) throws -> (units: [Unit], sets: ParameterSets?) {
        var depayloader = Depayloader(codec)
        var sequence = RTPSequence()
        var found: [Unit] = []
        var last: ParameterSets?
        for bytes in packets {
            try bytes.withUnsafeBytes { bytes in
                guard let packet = RTPPacket(bytes) else { return }
                let isAfterLoss = sequence.place(packet.sequence) != .next
                try depayloader.push(packet, isAfterLoss: isAfterLoss) { unit, sets in
                    last = sets
                    found.append(
                        Unit(bytes: Array(unit.bytes), timestamp: unit.timestamp, isKeyframe: unit.isKeyframe)
                    )
                }
            }
        }
        return (found, last)
    }

    @Test("what comes out is what GStreamer takes out, byte for byte", arguments: Stream.all)
    func reference(_ stream: Stream) async throws {
        let packets = try await stream.packets()
        let reference = try await stream.reference(packets)
        let (units, sets) = try units(stream.codec, packets.map(\.bytes))
        // Without markers the last picture's end is not known.
        #expect(units.count == (stream.hasMarkers ? 60 : 59))
        #expect(reference.count >= units.count)
        for (index, (unit, frame)) in zip(units, reference).enumerated() {
            // As a feed has it: GStreamer 1.26 puts the parameter sets before the first picture, and a feed takes them out.
            let bare = Sample.made(of: frame, at: .now).withoutParameterSets()?.bytes
            #expect(unit.bytes == bare ?? frame.bytes, "picture \(index)")
            #expect(unit.isKeyframe == frame.isKeyframe, "picture \(index)")
        }
        // And the format that is made of its first keyframe is the one that the parser announces.
        let first = try #require(units.first { $0.isKeyframe })
        let keyframe = first.bytes.withUnsafeBytes { bytes in
            AccessUnit(bytes: bytes, timestamp: 0, isKeyframe: true).units
        }
        let (parser, format) = stream.codec == .h264 ? ("h264parse", "avc") : ("h265parse", "hvc1")
        let made = Caps.format(parsing: (sets?.units ?? []) + keyframe, parser, format)
        let announced = try #require(reference.first).caps
        #expect(made.map { $0 == Caps(announced) } == true, "\(made?.description ?? "nothing") is not \(announced)")
    }

    @Test("of a stream with losses every picture that came whole is whole, and none is made of two", arguments: 1...20)
    func losses(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let stream = Stream.all[Int(seed) % Stream.all.count]
        guard stream.hasMarkers else { return }
        let packets = try await stream.packets().map(\.bytes)
        let whole = try units(stream.codec, packets).units
        // The parameter sets come.
        let kept = packets.enumerated().filter { $0.offset < 3 || random.next() % 20 != 0 }
        let lossy = try units(stream.codec, kept.map(\.element)).units
        let lost = Set(packets.indices).subtracting(kept.map(\.offset))
        let damaged = Set(lost.map { timestamp(of: packets[$0]) })
        #expect(!lost.isEmpty)
        for unit in whole where !damaged.contains(unit.timestamp) {
            #expect(lossy.contains(unit), "the picture at \(unit.timestamp)")
        }
        let lengths = Dictionary(grouping: whole, by: \.timestamp).mapValues { $0.reduce(0) { $0 + $1.bytes.count } }
        for unit in lossy { #expect(unit.bytes.count <= lengths[unit.timestamp] ?? 0) }
    }

    private func timestamp(of packet: [UInt8]) -> UInt32 { packet.withUnsafeBytes { $0.number32(at: 4) } }

    @Test("bytes of any kind are borne", arguments: 1...40)
    func noise(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let codec = seed % 2 == 0 ? Codec.h264 : .h265
        let genuine = try await Stream.all[codec == .h264 ? 0 : 10].packets().map(\.bytes)
        var depayloader = Depayloader(codec)
        for number in 0..<2000 {
            var bytes: [UInt8]
            if random.next() % 3 == 0 {
                bytes = random.bytes(Int(random.next() % 64))
                if !bytes.isEmpty { bytes[0] = 0x80 }
            } else {
                bytes = genuine[number % genuine.count]
                for _ in 0..<random.next() % 4 {
                    bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() % 256)
                }
                bytes = Array(bytes.prefix(Int(random.next() % UInt64(bytes.count + 1))))
            }
            bytes.withUnsafeBytes { bytes in
                guard let packet = RTPPacket(bytes) else { return }
                do throws(Depayloader.Unsupported) {
                    try depayloader.push(packet, isAfterLoss: random.next() % 10 == 0) { unit, _ in
                        // Lengths and bytes agree, whatever came.
                        let size = unit.units.reduce(0) { $0 + $1.count + 4 }
                        #expect(size == unit.bytes.count)
                    }
                } catch { #expect(["STAP-B", "MTAP", "FU-B", "PACI"].contains(error.description)) }
            }
        }
    }

    @Test("a sender that never comes to a picture takes no memory without end", arguments: [UInt8(6), 7])
    func endless(type: UInt8) throws {
        var depayloader = Depayloader(.h264, parameterSets: [[7, 0x42, 0, 30, 0x80], [8, 0x80]])
        // A piece of a unit of information, or of a parameter set, 60 kB each, 128 MB in all.
        let payload = [type] + [UInt8](repeating: 0x80, count: 60_000)
        for number in 0..<2200 {
            let sequence = UInt16(truncatingIfNeeded: number)
            var bytes: [UInt8] = [0x80, 96, UInt8(sequence >> 8), UInt8(sequence & 255), 0, 0, 0, 1, 0, 0, 0, 7]
            bytes += payload
            try bytes.withUnsafeBytes { bytes in
                let packet = try #require(RTPPacket(bytes))
                try depayloader.push(packet, isAfterLoss: false) { _, sets in #expect(sets.units.count == 2) }
            }
        }
        #expect(depayloader.keptBytes < 33 << 20)
    }

    private static let unknown: [(Codec, [UInt8], String)] = [
        (.h264, [25, 0, 0], "STAP-B"), (.h264, [29, 0x85, 0], "FU-B"), (.h264, [26, 0, 0], "MTAP"),
        (.h265, [100, 1, 0, 0], "PACI"),
    ]

    @Test(
        "what is not done here is said",
        arguments: unknown
    )
    func unsupported(codec: Codec, payload: [UInt8], words: String) {
        var depayloader = Depayloader(codec)
        let bytes: [UInt8] = [0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7] + payload
        bytes.withUnsafeBytes { bytes in
            let packet = RTPPacket(bytes)
            #expect(throws: Depayloader.Unsupported(description: words)) {
                try packet.map { try depayloader.push($0, isAfterLoss: false) { _, _ in } }
            }
        }
    }
}

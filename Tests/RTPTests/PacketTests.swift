// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import RTP

@Suite("RTP packets and reports")
struct PacketTests {
    @Test("a header's extension, its contributors and the padding are no payload")
    func header() throws {
        // Padding, an extension and two contributors (RFC 3550, 5.1).
        var bytes: [UInt8] = [0xb2, 0xe0, 0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 7]
        bytes += [0, 0, 0, 1, 0, 0, 0, 2]
        bytes += [0xbe, 0xde, 0, 1, 1, 2, 3, 4]
        bytes += [41, 42, 0, 0, 3]
        try bytes.withUnsafeBytes { bytes in
            let packet = try #require(RTPPacket(bytes))
            #expect(packet.hasMarker && packet.payloadType == 96)
            #expect(packet.sequence == 0x1234 && packet.timestamp == 9 && packet.source == 7)
            #expect(Array(packet.payload) == [41, 42])
        }
    }

    @Test("what is cut off is no packet", arguments: 0..<20)
    func truncated(count: Int) {
        let bytes: [UInt8] = [0x92, 96, 0, 1, 0, 0, 0, 9, 0, 0, 0, 7] + [UInt8](repeating: 0, count: 8)
        bytes.prefix(count).withUnsafeBytes { #expect(RTPPacket($0) == nil) }
    }

    @Test("sequence numbers wrap around, gaps are counted, stragglers are not taken, a restart is noticed")
    func sequence() {
        var sequence = RTPSequence()
        let numbers: [UInt16] = [65_534, 65_535, 0, 3, 2, 3, 4, 40_000, 40_001]
        let places = numbers.map { sequence.place($0) }
        #expect(places == [.next, .next, .next, .afterLoss(of: 2), .past, .past, .next, .restarted, .next])
        #expect(sequence.lost == 2)
    }

    @Test("timestamps wrap around, and may step back", arguments: [90_000, 48_000, 1_000])
    func timeline(clockRate: UInt32) {
        var timeline = RTPTimeline(clockRate: clockRate)
        let first = timeline.nanoseconds(of: .max - clockRate + 1)
        #expect(timeline.nanoseconds(of: 0) - first == 1_000_000_000)
        #expect(timeline.nanoseconds(of: clockRate) - first == 2_000_000_000)
        #expect(timeline.nanoseconds(of: 0) - first == 1_000_000_000)
    }

    @Test("timestamps that leap for ever make no number too large")
    func leaps() {
        var timeline = RTPTimeline(clockRate: 1000)
        var timestamp: UInt32 = 0
        for step in [Int32.max, Int32.min] {
            for _ in 0..<100_000 {
                timestamp &+= UInt32(bitPattern: step)
                #expect(timeline.nanoseconds(of: timestamp) < 1 << 60)
            }
        }
    }

    @Test("a sender report says when a frame was captured, before and after it")
    func report() throws {
        // 2026-11-21T10:20:00.25Z at timestamp 100, behind a receiver report.
        let seconds = UInt32(1_795_256_400 + 2_208_988_800)
        var bytes: [UInt8] = [0x80, 201, 0, 1, 0, 0, 0, 1, 0x80, 200, 0, 6, 0, 0, 0, 7]
        bytes += bigEndian(seconds)
        bytes += [0x40, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 0]
        let report = try #require(bytes.withUnsafeBytes { SenderReport($0) })
        #expect(report.source == 7)
        let base = UInt64(seconds) * 1_000_000_000 + 250_000_000
        #expect(report.time(of: 100, clockRate: 90_000) == base)
        #expect(report.time(of: 90_100, clockRate: 90_000) == base + 1_000_000_000)
        #expect(report.time(of: UInt32.max - 89_899, clockRate: 90_000) == base - 1_000_000_000)
        #expect(bytes.prefix(30).withUnsafeBytes { SenderReport($0) } == nil)
    }

    private func bigEndian(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
}

@Suite("An interleaved stream")
struct InterleavedStreamTests {
    private enum Part: Equatable {
        case packet(UInt8, [UInt8])
        case message(String)
    }

    private static let parts: [(bytes: [UInt8], part: Part)] = [
        ([0x24, 0, 0, 3, 1, 2, 3], .packet(0, [1, 2, 3])),
        (Array("RTSP/1.0 200 OK\r\nCSeq: 5\r\n\r\n".utf8), .message("RTSP/1.0 200 OK\r\nCSeq: 5\r\n\r\n")),
        ([0x24, 1, 0, 0], .packet(1, [])),
        (
            Array("RTSP/1.0 200 OK\r\ncontent-length: 4\r\n\r\n$\0\0\0".utf8),
            .message("RTSP/1.0 200 OK\r\ncontent-length: 4\r\n\r\n")
        ),
        (
            Array("\r\n".utf8) + [0x24, 0, 1, 0] + [UInt8](repeating: 9, count: 256),
            .packet(0, .init(repeating: 9, count: 256))
        ),
    ]

    @Test("is taken apart wherever its pieces end", arguments: 0...60)
    func pieces(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let chosen = (0..<30).map { _ in Self.parts[Int(random.next() % UInt64(Self.parts.count))] }
        var bytes = chosen.flatMap(\.bytes)[...]
        var stream = InterleavedStream()
        var found: [Part] = []
        while !bytes.isEmpty {
            let most: UInt64 = seed == 0 ? 1 : seed < 30 ? 7 : 700
            let piece = bytes.prefix(Int(random.next() % most) + 1)
            bytes = bytes.dropFirst(piece.count)
            try piece.withUnsafeBytes { piece in
                try stream.parse(piece) { part in
                    switch part {
                    case .packet(let channel, let bytes): found.append(.packet(channel, Array(bytes)))
                    case .message(let head): found.append(.message(head))
                    }
                }
            }
        }
        #expect(found == chosen.map(\.part))
    }

    @Test("what is none is said, and nothing is kept without end")
    func noise() {
        var stream = InterleavedStream()
        #expect(throws: InterleavedStream.Malformed.noise) {
            try [UInt8(1), 2, 3].withUnsafeBytes { try stream.parse($0) { _ in } }
        }
        var endless = InterleavedStream()
        #expect(throws: InterleavedStream.Malformed.endlessMessage) {
            let line = [UInt8](repeating: UInt8(ascii: "A"), count: 100)
            for _ in 0..<200 { try line.withUnsafeBytes { try endless.parse($0) { _ in } } }
        }
    }
}

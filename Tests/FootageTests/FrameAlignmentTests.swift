// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Footage

@Suite("Frame alignment")
struct FrameAlignmentTests {
    private typealias Frame = FrameAlignment.Frame

    private static let second: Int64 = 1_000_000_000

    /// A camera's frames, 30 a second, as large as `size` says.
    private static func film(_ count: Int, size: (Int) -> UInt32) -> [Frame] {
        (0..<count).map { Frame(time: 1_792_889_998 * second + Int64($0) * second / 30, size: size($0)) }
    }

    /// What came of them: dated later by `offset`, less exactly, by a clock that goes ahead; without those that were lost.
    private static func arrived(
        _ film: [Frame],
        offset: Int64,
        drift: Double = 0,
        random: inout SeededRandom,
        loss: (Int) -> Bool = { _ in false }
    ) -> [Frame] {
        film.enumerated().filter { !loss($0.offset) }.map { index, frame in
            let ahead = Int64(Double(frame.time - film[0].time) * drift)
            return Frame(
                time: frame.time + offset + ahead + Int64.random(in: -20_000...20_000, using: &random),
                size: frame.size
            )
        }
    }

    @Test("what came is found, and what did not is not, whatever the clocks say", arguments: 1...40)
    func found(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var sizes = random
        // From a night's to a busy street's, a keyframe each second.
        let busy = UInt32.random(in: 20...8000, using: &random)
        let film = Self.film(Int.random(in: 300...3000, using: &random)) { index in
            index % 30 == 0
                ? 20_000 + UInt32.random(in: 0...4000, using: &sizes) : 40 + UInt32.random(in: 0...busy, using: &sizes)
        }
        let offset = Int64.random(in: -4_900_000_000...4_900_000_000, using: &random)
        let drift = Double.random(in: -0.0001...0.0001, using: &random)
        var lost: Set<Int> = []
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let start = Int.random(in: film.indices, using: &random)
            lost.formUnion(start..<min(start + Int.random(in: 1...60, using: &random), film.count))
        }
        let live = Self.arrived(film, offset: offset, drift: drift, random: &random) { lost.contains($0) }
        let alignment = try #require(FrameAlignment(card: film, live: live))
        var place = 0
        for index in film.indices {
            #expect(alignment.places[index] == (lost.contains(index) ? nil : place), "frame \(index) of \(film.count)")
            if !lost.contains(index) { place += 1 }
        }
    }

    @Test("a frame that lost a packet has not come")
    func damaged() throws {
        var random = SeededRandom(seed: 7)
        var sizes = random
        let film = Self.film(600) { _ in 1000 + UInt32.random(in: 0...500, using: &sizes) }
        var live = Self.arrived(film, offset: 30_000_000, random: &random)
        for index in stride(from: 5, to: 600, by: 3) {
            live[index] = Frame(time: live[index].time, size: live[index].size - 100)
        }
        let alignment = try #require(FrameAlignment(card: film, live: live))
        for index in film.indices {
            let isDamaged = index >= 5 && (index - 5) % 3 == 0
            #expect(alignment.places[index] == (isDamaged ? nil : index))
        }
    }

    @Test("of a still picture, whose frames are all alike, the offset is taken that was expected")
    func still() throws {
        var random = SeededRandom(seed: 3)
        let film = Self.film(300) { _ in 64 }
        let live = Self.arrived(film, offset: 1_000_000_000, random: &random) { $0 < 100 }
        let alignment = try #require(FrameAlignment(card: film, live: live, expected: 1_000_000_000))
        #expect(alignment.places.prefix(100).allSatisfy { $0 == nil })
        #expect(alignment.places.dropFirst(100).elementsEqual((0..<200).map { $0 }))
    }

    @Test("a few frames are believed where they were expected, and nowhere else")
    func few() {
        var random = SeededRandom(seed: 4)
        var sizes = random
        let film = Self.film(300) { _ in 40 + UInt32.random(in: 0...500, using: &sizes) }
        let live = Array(Self.arrived(film, offset: 20_000_000, random: &random)[100..<103])
        #expect(FrameAlignment(card: film, live: live) == nil)
        #expect(FrameAlignment(card: film, live: live, expected: 25_000_000)?.places[100] == 0)
        #expect(FrameAlignment(card: film, live: live, expected: 2_000_000_000) == nil)
    }

    @Test("what is another film's has nothing in common with it")
    func other() {
        var sizes = SeededRandom(seed: 5)
        let film = Self.film(600) { _ in 1000 + UInt32.random(in: 0...3000, using: &sizes) }
        let stranger = Self.film(600) { _ in 1000 + UInt32.random(in: 0...3000, using: &sizes) }
        #expect(FrameAlignment(card: film, live: stranger) == nil)
        #expect(FrameAlignment(card: film, live: []) == nil && FrameAlignment(card: [], live: film) == nil)
    }
}

// SPDX-License-Identifier: Apache-2.0
import Footage
import Testing

@testable import Web

@Suite("Timeline document")
struct TimelineDocumentTests {
    private static func at(_ seconds: Int64) -> UTCTime {
        UTCTime(nanoseconds: (1_795_000_000 + seconds) * 1_000_000_000)
    }

    private static func chunk(_ id: Int64, from start: Int64, seconds: Int, run: Int64 = 1) -> Chunk {
        var chunk = Chunk(
            id: id,
            camera: "door",
            run: run,
            sequence: Int(id),
            state: .complete,
            start: at(start),
            mediaTime: 0,
            path: "door/\(id).mp4"
        )
        chunk.duration = .seconds(seconds)
        return chunk
    }

    private static func document(_ chunks: [Chunk], _ gaps: [Gap]) -> TimelineDocument {
        TimelineDocument(
            "door",
            at(0)..<at(1000),
            showings: chunks.map { Showing($0) },
            gaps: gaps,
            runs: [:],
            oldest: chunks.first?.start
        )
    }

    @Test("neighbours of one run are one span, and what is between others has its reason and its words")
    func spans() {
        var last = Self.chunk(4, from: 60, seconds: 10)
        last.isProtected = true
        let document = Self.document(
            [
                Self.chunk(1, from: 10, seconds: 10), Self.chunk(2, from: 20, seconds: 10),
                Self.chunk(3, from: 40, seconds: 10), last,
            ],
            [
                Gap(camera: "door", start: Self.at(30), end: Self.at(40), reason: .network, detail: "no answer"),
                Gap(camera: "door", start: Self.at(50), end: Self.at(60), reason: .power, detail: "a crash"),
            ]
        )
        let said = document.spans.map { [$0.kind, $0.from.suffix(13).description, $0.reason ?? "", $0.detail ?? ""] }
        let start = Self.at(10).rfc3339
        #expect(document.spans.first?.from == start && document.oldest == start)
        #expect(said.map { $0[0] } == ["recorded", "gap", "recorded", "gap", "recorded", "gap"])
        #expect(said.map { $0[2] } == ["", "network", "", "power", "", "unknown"])
        #expect(said.map { $0[3] } == ["", "no answer", "", "a crash", "", ""])
        #expect(document.spans[0].to == Self.at(30).rfc3339)
        #expect(document.spans.map { $0.protected == true } == [false, false, false, false, true, false])
    }

    @Test("before the oldest footage nothing is missing, and without any nothing is")
    func horizon() {
        #expect(Self.document([], []).spans.isEmpty)
        #expect(Self.document([Self.chunk(1, from: 500, seconds: 500)], []).spans.map(\.kind) == ["recorded"])
    }

    @Test("a month of many gaps is told in order")
    func many() {
        let chunks = (0..<5000).map { Self.chunk(Int64($0), from: Int64($0) * 2, seconds: 1) }
        let gaps = (0..<5000).map { number in
            Gap(
                camera: "door",
                start: Self.at(Int64(number) * 2 + 1),
                end: Self.at(Int64(number) * 2 + 2),
                reason: .network,
                detail: "gap \(number)"
            )
        }
        let document = TimelineDocument(
            "door",
            Self.at(0)..<Self.at(10_000),
            showings: chunks.map { Showing($0) },
            gaps: gaps,
            runs: [:],
            oldest: Self.at(0)
        )
        #expect(document.spans.count == 10_000)
        #expect(document.spans.filter { $0.kind == "gap" }.map(\.detail) == (0..<5000).map { "gap \($0)" })
    }
}

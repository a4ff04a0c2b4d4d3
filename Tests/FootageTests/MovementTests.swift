// SPDX-License-Identifier: Apache-2.0
import ISOBaseMedia
import TestSupport
import Testing

@testable import Footage

@Suite("Movement", .timeLimit(.minutes(2)))
struct MovementTests {
    private static let start = UTCTime(nanoseconds: 1_000_000_000_000_000)

    @Test(
        "where the picture moves, and as long as it does, the values are higher; a file without predicted frames has none"
    )
    func values() async throws {
        let scratch = try ScratchDirectory()
        // Still, then moving, then still: five seconds each.
        let still =
            "videotestsrc pattern=circular num-buffers=150 ! video/x-raw,width=320,height=240,framerate=30/1 ! c."
        let ball = "videotestsrc pattern=ball num-buffers=150 ! video/x-raw,width=320,height=240,framerate=30/1 ! c."
        let made = try await TestSupport.run(
            "sh",
            "-c",
            """
            exec gst-launch-1.0 -q concat name=c ! x264enc pass=quant key-int-max=30 bframes=0 ! h264parse ! mp4mux \
            ! filesink location=\(scratch("moving.mp4")) \(still) \(ball) \(still)
            """
        )
        #expect(made.status == 0, "\(made.errors)")
        let values = Movement.values(of: try SampleTable(try bytes(of: scratch("moving.mp4"))))
        #expect(values.count == 15)
        // The second in which it changes has a bit of both.
        let (quiet, loud) = (values[1..<4] + values[12..<15], values[6..<9])
        #expect((quiet.max() ?? 255) + 12 < loud.min() ?? 0, "\(values)")
        let intra = try await TestSupport.run(
            "sh",
            "-c",
            """
            exec gst-launch-1.0 -q videotestsrc num-buffers=30 ! x264enc key-int-max=1 ! h264parse ! mp4mux \
            ! filesink location=\(scratch("intra.mp4"))
            """
        )
        #expect(intra.status == 0, "\(intra.errors)")
        #expect(Movement.values(of: try SampleTable(try bytes(of: scratch("intra.mp4")))).allSatisfy { $0 == 0 })
    }

    @Test("a series has the most of each step, where it belongs, and nothing where there is no footage")
    func series() {
        var series = MovementSeries(of: Self.start..<(Self.start + .seconds(10)), step: 2)
        // Begins before the span and ends in it: its seconds lie 12 ms off the span's.
        series.add([9, 9, 1, 2, 3], from: Self.start - .milliseconds(1988))
        series.add([7, 8, 9], from: Self.start + .seconds(8))
        #expect(series.values == [2, 3, 0, 0, 8])
        let uneven = MovementSeries(of: Self.start..<(Self.start + .seconds(5)), step: 2)
        #expect(uneven.values.count == 3)
    }

    /// Quiet with some noise, and louder in spans.
    private static func beginnings(_ seconds: Int, loud: [Range<Int>], noise: Int = 3) -> [Int] {
        var random = SeededRandom(seed: 4)
        var series = MovementSeries(of: start..<(start + .seconds(seconds)), step: 1)
        let values = (0..<seconds).map { second in
            let base = loud.contains { $0.contains(second) } ? 80 : 60
            return UInt8(base + Int.random(in: 0...noise, using: &random))
        }
        series.add(values, from: start)
        return series.beginnings.map { Int(($0 - start) / .seconds(1)) }
    }

    @Test("a movement begins once, however long it is, and the next is found after it")
    func beginnings() {
        #expect(Self.beginnings(300, loud: []) == [])
        #expect(Self.beginnings(300, loud: [100..<103]) == [100])
        // What follows within ten seconds is the same.
        #expect(Self.beginnings(300, loud: [100..<103, 108..<109, 150..<151]) == [100, 150])
        #expect(Self.beginnings(900, loud: [100..<400, 600..<610]) == [100, 600])
        // In the first seconds nobody knows yet what is usual.
        #expect(Self.beginnings(300, loud: [2..<5]) == [])
    }

    @Test("the index keeps it with its chunk, tells it by time, and forgets it with the chunk")
    func index() async throws {
        let scratch = try ScratchDirectory()
        let index = try ChunkIndex(path: scratch("martlet.sqlite"))
        let clock = RunClock.Mapping(offset: 0, state: .synchronised)
        let run = try await index.add(Run(identity: makeIdentity(), camera: "till", boot: "boot", clock: clock))
        var chunks: [Chunk] = []
        for number in 1...3 {
            let name = ChunkName(camera: "till", start: Self.start + .seconds(number * 10))
            var chunk = Chunk(
                id: Int64(number),
                camera: "till",
                run: run,
                sequence: number,
                state: number == 3 ? .open : .complete,
                start: name.start,
                mediaTime: 0,
                path: name.path
            )
            chunk.duration = .seconds(10)
            try await index.add(chunk)
            chunks.append(chunk)
        }
        #expect(try await index.withoutMovement(after: 0)?.id == 1)
        try await index.setMovement([1, 2], of: 1)
        #expect(try await index.withoutMovement(after: 0)?.id == 2)
        try await index.setMovement([3], of: 2)
        // The third is being written.
        #expect(try await index.withoutMovement(after: 0) == nil)
        try await index.setMovement([4], of: 99)
        let span = (Self.start + .seconds(20))..<(Self.start + .seconds(25))
        let found = try await index.movement(of: "till", in: span)
        #expect(found.map(\.0) == [chunks[1].start] && found.map(\.1) == [[3]])
        try await index.drop(chunks[1])
        #expect(try await index.movement(of: "till", in: span).isEmpty)
        #expect(try await TestSupport.run("sqlite3", index.path, "SELECT count(*) FROM movement").output == "1\n")
    }

    @Test("an index of the first version is taken on, and what moved in its chunks is found out")
    func upgrade() async throws {
        let scratch = try ScratchDirectory()
        let path = scratch("martlet.sqlite")
        let made = try await TestSupport.run("sqlite3", path, Schema.version1 + "; PRAGMA user_version = 1")
        #expect(made.status == 0, "\(made.errors)")
        let rows = """
            INSERT INTO runs VALUES (1, 'x', 'till', 'boot', 'synchronised', 0);
            INSERT INTO chunks VALUES (7, 1, 'till', 0, 'complete', 'live', 0, 5, 6, 5, 1, 1, 1, NULL, 'a.mp4')
            """
        #expect(try await TestSupport.run("sqlite3", path, rows).status == 0)
        let index = try ChunkIndex(path: path)
        #expect(try await index.withoutMovement(after: 0)?.id == 7)
        #expect(try await index.chunks().count == 1)
    }
}

// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Footage

@Suite("Chunk index")
struct IndexTests {
    private static let clock = RunClock.Mapping(offset: 0, state: .synchronised)

    private static func run(_ camera: String, clock: RunClock.Mapping = clock, boot: String = "boot") -> Run {
        Run(identity: makeIdentity(), camera: camera, boot: boot, clock: clock)
    }

    private static func chunk(_ id: Int64, _ camera: String, run: Int64, start: Int64) -> Chunk {
        let name = ChunkName(camera: camera, start: UTCTime(nanoseconds: start))
        var chunk = Chunk(
            id: id,
            camera: camera,
            run: run,
            sequence: Int(id),
            state: .complete,
            start: name.start,
            mediaTime: start,
            path: name.path
        )
        (chunk.duration, chunk.frames) = (.seconds(600) + .nanoseconds(1), 18_000)
        (chunk.bytes, chunk.allocated) = (300_000_000, 300_003_328)
        chunk.digest = (0..<32).map { UInt8($0) }
        return chunk
    }

    private static func index(_ scratch: ScratchDirectory) throws -> ChunkIndex {
        try ChunkIndex(path: scratch("martlet.sqlite"))
    }

    @Test("what is added is found again, by camera and time, also by another process")
    func roundTrip() async throws {
        let scratch = try ScratchDirectory()
        let index = try Self.index(scratch)
        let till = try await index.add(Self.run("till"))
        let door = try await index.add(Self.run("door"))
        #expect(till != door)
        let later = Self.chunk(1, "till", run: till, start: 700_000_000_000)
        var earlier = Self.chunk(2, "till", run: till, start: 5)
        (earlier.digest, earlier.isProtected, earlier.origin) = (nil, true, .card)
        let other = Self.chunk(3, "door", run: door, start: 6)
        for chunk in [later, earlier, other] { try await index.add(chunk) }
        #expect(try await index.chunks() == [other, earlier, later])
        #expect(try await index.chunks(camera: "till") == [earlier, later])
        #expect(try await index.chunks(camera: "nobody") == [])
        #expect(try await index.cameras() == ["door", "till"])
        #expect(try await index.lastID() == 3)
        let reader = try ChunkIndex(path: scratch("martlet.sqlite"), readOnly: true)
        #expect(try await reader.chunks().count == 3)
    }

    @Test("a span has the chunks that reach into it, and no others")
    func span() async throws {
        let index = try Self.index(try ScratchDirectory())
        let run = try await index.add(Self.run("till"))
        for hour in 0..<48 {
            try await index.add(Self.chunk(Int64(hour + 1), "till", run: run, start: Int64(hour) * 3_600_000_000_000))
        }
        func found(_ from: Int64, _ to: Int64) async throws -> [Int64] {
            let (from, to) = (UTCTime(nanoseconds: from * 1_000_000_000), UTCTime(nanoseconds: to * 1_000_000_000))
            return try await index.chunks(camera: "till", from: from, to: to).map(\.id)
        }
        #expect(try await found(3600 * 10, 3600 * 12) == [11, 12])
        // Ten minutes each: half past is between them, and the first ten minutes are in one.
        #expect(try await found(3600 * 10 + 1800, 3600 * 10 + 1900) == [])
        #expect(try await found(3600 * 10 + 300, 3600 * 10 + 301) == [11])
        #expect(try await found(3600 * 100, 3600 * 200) == [])
    }

    @Test("a file has one row, and a run that is not there has none")
    func constraints() async throws {
        let index = try Self.index(try ScratchDirectory())
        let run = try await index.add(Self.run("till"))
        let chunk = Self.chunk(1, "till", run: run, start: 5)
        try await index.add(chunk)
        await #expect(throws: ChunkIndex.Failure.self) { try await index.add(chunk) }
        await #expect(throws: ChunkIndex.Failure.self) {
            try await index.add(Self.chunk(2, "till", run: 99, start: 6))
        }
        #expect(try await index.chunks() == [chunk])
    }

    @Test("the oldest goes by its number, not by its time; the protected and the open stay")
    func oldest() async throws {
        let index = try Self.index(try ScratchDirectory())
        let run = try await index.add(Self.run("till"))
        var chunks = [
            Self.chunk(1, "till", run: run, start: 9_000_000_000_000), Self.chunk(2, "till", run: run, start: 5),
            Self.chunk(3, "door", run: run, start: 7),
        ]
        chunks[0].isProtected = true
        chunks[2].state = .open
        for chunk in chunks { try await index.add(chunk) }
        #expect(try await index.oldest()?.id == 2)
        #expect(try await index.oldest(of: "door") == nil)
        try await index.setProtected(false, [1])
        #expect(try await index.oldest()?.id == 1)
        #expect(try await index.oldest(endedBefore: UTCTime(nanoseconds: 6)) == nil)
    }

    @Test("what was recorded before the clock was set gets its true time, and nothing else moves")
    func restamp() async throws {
        let index = try Self.index(try ScratchDirectory())
        let wrong = RunClock.Mapping(offset: 1000, state: .unsynchronised)
        let before = try await index.add(Self.run("till", clock: wrong))
        let earlierBoot = try await index.add(Self.run("till", clock: wrong, boot: "another"))
        let known = try await index.add(Self.run("till"))
        for (id, run) in [(1, before), (2, earlierBoot), (3, known)] {
            try await index.add(Self.chunk(Int64(id), "till", run: run, start: Int64(id) * 1_000_000))
        }
        // Where the footage of the first ends.
        let end = try #require(try await index.chunk(1)).end
        try await index.add(Gap(camera: "till", start: end, end: nil, reason: .clock))
        let moved = try await index.restamp(boot: "boot", offset: 5_000_000_000)
        let gap = try #require(try await index.gaps().first)
        #expect(gap.start - end == moved.first?.by, "the gap moves with it")
        #expect(moved.map(\.camera) == ["till"] && moved.map(\.by) == [.nanoseconds(4_999_999_000)])
        let starts = try await index.chunks().reduce(into: [:]) { $0[$1.id] = $1.start.nanoseconds }
        #expect(starts == [1: 5_001_000_000, 2: 2_000_000, 3: 3_000_000])
        #expect(try await index.run(before)?.clock == .init(offset: 5_000_000_000, state: .restamped))
        #expect(try await index.restamp(boot: "boot", offset: 7).isEmpty)
    }

    @Test("from the files alone as well: a boot's runs get their time from its last run that knows it")
    func restampBoots() async throws {
        let index = try Self.index(try ScratchDirectory())
        func run(_ boot: String, _ offset: Int64, _ state: RunClock.State) async throws -> Int64 {
            try await index.add(Self.run("till", clock: .init(offset: offset, state: state), boot: boot))
        }
        let unknown = try await run("boot", 1, .unsynchronised)
        let alone = try await run("another", 2, .unsynchronised)
        _ = try await run("boot", 1000, .synchronised)
        _ = try await run("boot", 2000, .synchronised)
        try await index.restampBoots()
        #expect(try await index.run(unknown)?.clock == .init(offset: 2000, state: .restamped))
        #expect(try await index.run(alone)?.clock == .init(offset: 2, state: .unsynchronised))
    }

    @Test("a gap begins once, ends with the next footage, and is none if nothing is missing")
    func gaps() async throws {
        let index = try Self.index(try ScratchDirectory())
        func time(_ seconds: Int64) -> UTCTime { UTCTime(nanoseconds: seconds * 1_000_000_000) }
        try await index.add(Gap(camera: "till", start: time(10), end: nil, reason: .network, detail: "gone"))
        try await index.add(Gap(camera: "till", start: time(11), end: nil, reason: .disk))
        try await index.endGap(of: "till", at: time(20))
        #expect(
            try await index.gaps()
                == [Gap(camera: "till", start: time(10), end: time(20), reason: .network, detail: "gone")]
        )
        // The next run goes on at once, or the clock was set back.
        for end in [time(30) + .milliseconds(20), time(5)] {
            try await index.add(Gap(camera: "till", start: time(30), end: nil, reason: .clock))
            try await index.endGap(of: "till", at: end)
        }
        #expect(try await index.gaps().count == 1)
        #expect(try await index.gaps(camera: "till", from: time(19), to: time(40)).count == 1)
        #expect(try await index.gaps(camera: "till", from: time(20), to: time(40)) == [])
    }

    @Test("what the quota deletes is one gap that grows, and swallows the older ones")
    func deletedSpan() async throws {
        let index = try Self.index(try ScratchDirectory())
        let run = try await index.add(Self.run("till"))
        let chunks = (1...3).map { Self.chunk($0, "till", run: run, start: $0 * 1_000_000_000_000) }
        for chunk in chunks { try await index.add(chunk) }
        let outage = Gap(camera: "till", start: chunks[0].end, end: chunks[1].start, reason: .network)
        try await index.add(outage)
        try await index.drop(chunks[0], reason: .quota)
        #expect(try await index.gaps().map(\.reason) == [.quota, .network])
        try await index.drop(chunks[1], reason: .quota)
        #expect(
            try await index.gaps()
                == [Gap(camera: "till", start: chunks[0].start, end: chunks[1].end, reason: .quota)]
        )
        #expect(try await index.chunks().map(\.id) == [3])
    }

    @Test("an index of a newer version is refused and left alone")
    func newer() async throws {
        let scratch = try ScratchDirectory()
        let path = scratch("martlet.sqlite")
        try await TestSupport.run("sqlite3", path, "PRAGMA user_version = 7; CREATE TABLE future (x)")
        let failure = try thrown(ChunkIndex.Failure.self) { _ = try ChunkIndex(path: path) }
        #expect(
            "\(failure)" == "\(path): the index was written by a newer Martlet (version 7; this one knows 4); "
                + "install that version, or move the file away: it is made anew from the chunks"
        )
        #expect(try await TestSupport.run("sqlite3", path, "PRAGMA user_version").output == "7\n")
    }

    @Test("an index that is not there is not made by looking")
    func missing() throws {
        let scratch = try ScratchDirectory()
        #expect(throws: ChunkIndex.Failure.self) { _ = try ChunkIndex(path: scratch("martlet.sqlite"), readOnly: true) }
        #expect(try scratch.entries == [])
    }
}

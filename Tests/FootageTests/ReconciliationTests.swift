// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Footage

/// Opening a store brings its files and its index together, whatever happened to either.
@Suite("Reconciliation", .timeLimit(.minutes(3)))
struct ReconciliationTests {
    /// A directory of real chunks and its index, as they were at some moment of a recording, or at its end.
    private static func store(in scratch: ScratchDirectory, at place: Int? = nil) async throws -> String {
        let recording = try await JournaledRecording.shared.value
        var disk = SimulatedDisk()
        for entry in recording.entries[..<(place ?? recording.entries.count)] { disk.apply(entry) }
        try disk.present.write(to: scratch("store"))
        return scratch("store")
    }

    /// What a store knows once all digests are computed, its runs by their identities.
    private struct Rows: Equatable {
        var chunks: [Chunk]
        var runs: [String]
        var gaps: [Gap]
        var said: [String]

        static func == (one: Rows, other: Rows) -> Bool { (one.chunks, one.runs) == (other.chunks, other.runs) }
    }

    private static func open(
        _ directory: String,
        _ change: (ChunkIndex) async throws -> Void = { _ in }
    ) async throws
        -> Rows
    {
        let said = Mutex<[String]>([])
        let journal = Journal { _, text, _ in said.withLock { $0.append(text) } }
        let store = try await ChunkStore.open(.init(directory: directory, minFree: 0), journal: journal)
        try await eventually { try await store.index.withoutDigest(after: 0) == nil }
        var chunks = try await store.index.chunks()
        var runs: [String] = []
        for index in chunks.indices {
            runs.append(try await store.index.run(chunks[index].run)?.identity ?? "none")
            // Keys are not the same in another index.
            chunks[index].run = 0
        }
        let gaps = try await store.index.gaps()
        try await change(store.index)
        await store.close()
        return Rows(chunks: chunks, runs: runs, gaps: gaps, said: said.withLock { $0 })
    }

    @Test("a store that was closed in good order is found as it was")
    func nothingToDo() async throws {
        let scratch = try ScratchDirectory(inMemory: true)
        let directory = try await Self.store(in: scratch)
        let first = try await Self.open(directory)
        #expect(first.said == [] && first.chunks.count >= 3)
        #expect(first.chunks.allSatisfy { $0.state == .complete && $0.digest?.count == 32 })
        #expect(try await Self.open(directory) == first)
    }

    @Test("a torn chunk is repaired and taken in, with its index or without", arguments: [true, false])
    func torn(hasIndex: Bool) async throws {
        let recording = try await JournaledRecording.shared.value
        let file = try #require(recording.files.dropLast(2).last)
        let place = (file.opened + (file.renamed ?? 0)) / 2
        let scratch = try ScratchDirectory(inMemory: true)
        let directory = try await Self.store(in: scratch, at: place)
        if !hasIndex { for name in ChunkIndex.files(of: "martlet.sqlite") { unlink("\(directory)/\(name)") } }
        let rows = try await Self.open(directory)
        let chunk = try #require(rows.chunks.first { $0.path == file.name.path })
        #expect(chunk.state == .repaired && chunk.frames > 0 && chunk.frames <= file.samples.count)
        #expect(abs(chunk.start.nanoseconds - file.name.start.nanoseconds) < 1_000_000)
        #expect(!FileManager.default.fileExists(atPath: "\(directory)/\(file.name.openPath)"))
        #expect(try FileDigest.sha256(of: "\(directory)/\(file.name.path)") == chunk.digest)
        if hasIndex { #expect(rows.gaps.last?.reason == .power && rows.gaps.last?.start == chunk.end) }
        #expect(try await Self.open(directory) == rows)
    }

    @Test("a chunk that the index does not know is taken in with its own number, run and times")
    func unknown() async throws {
        let scratch = try ScratchDirectory(inMemory: true)
        let directory = try await Self.store(in: scratch)
        let before = try await Self.open(directory)
        try await run("sqlite3", "\(directory)/martlet.sqlite", "DELETE FROM chunks WHERE id % 2 = 0; DELETE FROM runs")
        let after = try await Self.open(directory)
        #expect(after == before)
        #expect(after.said.contains { $0.contains("adopted") })
    }

    @Test("a torn chunk that cannot be understood is kept under another name, and said; nothing else suffers")
    func unrepairable() async throws {
        let recording = try await JournaledRecording.shared.value
        let file = try #require(recording.files.dropLast(2).last)
        let scratch = try ScratchDirectory(inMemory: true)
        let directory = try await Self.store(in: scratch, at: (file.opened + (file.renamed ?? 0)) / 2)
        let path = "\(directory)/\(file.name.openPath)"
        var bytes = try TestSupport.bytes(of: path)
        let movie = try #require(bytes.firstRange(of: Array("trak".utf8)))
        bytes[movie.lowerBound - 1] ^= 0x40
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let rows = try await Self.open(directory)
        #expect(!rows.chunks.contains { $0.path == file.name.path })
        #expect(rows.said.contains { $0.contains("cannot be repaired") && $0.hasSuffix("kept as \(path).damaged") })
        #expect(try TestSupport.bytes(of: path + ".damaged") == bytes)
        let again = try await Self.open(directory)
        #expect(again == rows && again.said == [])
    }

    @Test("an open file beside a finished chunk takes nothing from it")
    func namesake() async throws {
        let scratch = try ScratchDirectory(inMemory: true)
        let directory = try await Self.store(in: scratch)
        let before = try await Self.open(directory) { index in
            try await index.setProtected(true, try await index.chunks().map(\.id))
        }
        let chunk = try #require(before.chunks.last)
        try FileManager.default.copyItem(atPath: "\(directory)/\(chunk.path)", toPath: "\(directory)/\(chunk.openPath)")
        let after = try await Self.open(directory)
        let same = try #require(after.chunks.first { $0.path == chunk.path })
        #expect(same.id == chunk.id && same.isProtected)
        #expect(after.chunks.count == before.chunks.count + 1)
    }

    @Test("a chunk may claim what it likes of itself: impossible numbers are not believed")
    func hostileMetadata() {
        let good = ChunkMetadata(
            store: "s",
            camera: "door",
            run: "r",
            id: 7,
            sequence: 3,
            start: UTCTime(nanoseconds: 1_795_260_000_000_000_000),
            mediaTime: 12,
            clock: .synchronised,
            boot: "b",
            origin: .live
        )
        #expect(ChunkMetadata(Array(good.text.utf8)) == good)
        let lies = [
            ("id=7", "id=9223372036854775807"), ("id=7", "id=-1"), ("id=7", "id=0"),
            ("sequence=3", "sequence=9223372036854775807"), ("sequence=3", "sequence=-1"),
            ("start=1795260000000000000", "start=-9223372036854775808"),
            ("start=1795260000000000000", "start=9223372036854775807"),
            ("media-time=12", "media-time=-9223372036854775808"), ("clock=synchronised", "clock=perhaps"),
            ("martlet-chunk=1", "martlet-chunk=2"), ("camera=door\n", ""),
        ]
        for (truth, lie) in lies {
            #expect(ChunkMetadata(Array(good.text.replacingOccurrences(of: truth, with: lie).utf8)) == nil, "\(lie)")
        }
        var random = SeededRandom(seed: 1)
        for _ in 0..<5000 {
            var bytes = Array(good.text.utf8)
            for _ in 0...Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            // Whatever is believed can be reckoned with.
            if let read = ChunkMetadata(bytes) { _ = (read.id + 1, read.start.nanoseconds - read.mediaTime) }
        }
    }

    @Test("a chunk whose file is gone becomes a gap that says so")
    func lost() async throws {
        let scratch = try ScratchDirectory(inMemory: true)
        let directory = try await Self.store(in: scratch)
        let before = try await Self.open(directory)
        let chunk = try #require(before.chunks.dropFirst().first)
        unlink("\(directory)/\(chunk.path)")
        let after = try await Self.open(directory)
        #expect(after.chunks == before.chunks.filter { $0.id != chunk.id })
        let gap = Gap(camera: "door", start: chunk.start, end: chunk.end, reason: .lost, detail: chunk.path)
        #expect(after.gaps.contains(gap))
        #expect(after.said.contains("chunk \(chunk.path) is no longer there"))
    }

    @Test("a deletion that was cut off is finished, before its file went and after", arguments: [true, false])
    func deleting(isFileThere: Bool) async throws {
        let scratch = try ScratchDirectory(inMemory: true)
        let directory = try await Self.store(in: scratch)
        let before = try await Self.open(directory) { index in
            _ = try await index.beginDeleting(try await index.oldest()?.id ?? 0, evenProtected: false)
        }
        let chunk = try #require(before.chunks.first)
        if !isFileThere { unlink("\(directory)/\(chunk.path)") }
        let after = try await Self.open(directory)
        #expect(after.chunks == Array(before.chunks.dropFirst()))
        #expect(!FileManager.default.fileExists(atPath: "\(directory)/\(chunk.path)"))
        #expect(after.gaps.first { $0.reason == .quota }?.end == chunk.end)
    }

    enum Damage: CaseIterable {
        case overwritten, truncated, zeroed, garbage, emptied
    }

    @Test(
        "a damaged index is moved aside and made anew from the files, row by row, crash or no crash",
        arguments: Damage.allCases,
        [true, false]
    )
    func damaged(damage: Damage, isClean: Bool) async throws {
        let scratch = try ScratchDirectory(inMemory: true)
        let directory = try await Self.store(in: scratch)
        let before = try await Self.open(directory)
        let path = "\(directory)/martlet.sqlite"
        if !isClean { try await run("sqlite3", path, "UPDATE store SET is_clean = 0") }
        var bytes = try bytes(of: path)
        var random = SeededRandom(seed: 1)
        switch damage {
        case .overwritten: bytes.replaceSubrange(4096..<bytes.count - 4096, with: random.bytes(bytes.count - 8192))
        case .truncated: bytes.removeLast(bytes.count / 2 + 100)
        case .zeroed: bytes = [UInt8](repeating: 0, count: bytes.count)
        case .garbage: bytes = random.bytes(bytes.count)
        case .emptied: bytes = []
        }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let after = try await Self.open(directory)
        #expect(after == before)
        let aside = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.contains(".damaged-") }
        // An empty file is a new index to SQLite, and nothing is lost with it.
        #expect(aside.isEmpty == (damage == .emptied))
        #expect(damage == .emptied || after.said.contains { $0.contains("the index is damaged") })
        #expect(try await Self.open(directory) == before)
    }

    @Test("of a thousand chunks that the index knows not one is opened")
    func thousand() async throws {
        let scratch = try ScratchDirectory(inMemory: true)
        let directory = try await Self.store(in: scratch)
        let before = try await Self.open(directory)
        let index = try ChunkIndex(path: "\(directory)/martlet.sqlite")
        let key = try await index.add(
            Run(identity: makeIdentity(), camera: "till", boot: "", clock: .init(offset: 0, state: .synchronised))
        )
        for number in 0..<1000 {
            let start = UTCTime(nanoseconds: Int64(number) * 600_000_000_000)
            let name = ChunkName(camera: "till", start: start)
            try FileManager.default.createDirectory(
                atPath: "\(directory)/\(name.folder)",
                withIntermediateDirectories: true
            )
            try Data([1]).write(to: URL(fileURLWithPath: "\(directory)/\(name.path)"))
            var chunk = Chunk(
                id: Int64(1000 + number),
                camera: "till",
                run: key,
                sequence: number,
                state: .complete,
                start: start,
                mediaTime: start.nanoseconds,
                path: name.path
            )
            (chunk.duration, chunk.frames, chunk.bytes, chunk.allocated) = (.seconds(600), 1, 1, 4096)
            chunk.digest = [UInt8](repeating: 0, count: 32)
            try await index.add(chunk)
            try await index.setMovement([1], of: chunk.id)
        }
        let traced = try await run(
            ["strace", "-f", "-qq", "-e", "trace=open,openat", "-o", scratch("trace")]
                + [try Product.program("TestProbe"), "open", directory]
        )
        #expect(traced.errors == "opened\n", "\(traced.errors)")
        let trace = String(decoding: try bytes(of: scratch("trace")), as: UTF8.self)
        #expect(trace.contains("martlet.sqlite") && !trace.contains(".mp4"))
        #expect(try await Self.open(directory).chunks.count == before.chunks.count + 1000)
    }

    @Test("nothing is recorded through a link that leads out of the store", arguments: ["door", "door/1970-01-01"])
    func links(path: String) async throws {
        let scratch = try ScratchDirectory()
        try scratch.makeFolder("outside")
        try scratch.makeFolder("store/door")
        if path == "door" { rmdir(scratch("store/door")) }
        try FileManager.default.createSymbolicLink(
            atPath: scratch("store/\(path)"),
            withDestinationPath: scratch("outside")
        )
        let store = try await ChunkStore.open(.init(directory: scratch("store"), minFree: 0), journal: .silent)
        let failure = try thrown(FileError.self) {
            _ = try store.create("door", start: UTCTime(nanoseconds: 0), mediaTime: 0, sequence: 0)
        }
        #expect(
            "\(failure)" == "cannot record into \(scratch("store/\(path)")): it is a link, and links are not followed"
        )
        await store.close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch("outside")) == [])
    }
}

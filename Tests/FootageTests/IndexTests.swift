// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Footage

@Suite("Chunk index and store")
struct IndexTests {
    private static func chunk(_ camera: String, run: Int64, sequence: Int, start: Int64) -> Chunk {
        let name = ChunkName(camera: camera, start: UTCTime(nanoseconds: start))
        return Chunk(
            camera: camera,
            run: run,
            sequence: sequence,
            start: name.start,
            duration: .seconds(600) + .nanoseconds(1),
            frames: 18_000,
            bytes: 300_000_000,
            path: name.path
        )
    }

    @Test("what is added is found again, by camera and time")
    func roundTrip() async throws {
        let scratch = try ScratchDirectory()
        let store = try ChunkStore(directory: scratch("a/b/store"))
        let till = try await store.index.beginRun(camera: "till", start: UTCTime(nanoseconds: 5))
        let door = try await store.index.beginRun(camera: "door", start: UTCTime(nanoseconds: 6))
        #expect(till != door)
        var later = Self.chunk("till", run: till, sequence: 1, start: 700_000_000_000)
        var earlier = Self.chunk("till", run: till, sequence: 0, start: 5)
        var other = Self.chunk("door", run: door, sequence: 0, start: 6)
        later.id = try await store.index.add(later)
        earlier.id = try await store.index.add(earlier)
        other.id = try await store.index.add(other)
        #expect(try await store.index.chunks() == [other, earlier, later])
        #expect(try await store.index.chunks(camera: "till") == [earlier, later])
        #expect(try await store.index.chunks(camera: "nobody") == [])
        // Another process reads beside the daemon.
        let reader = try ChunkIndex(path: ChunkStore.indexPath(in: store.directory), readOnly: true)
        #expect(try await reader.chunks().count == 3)
    }

    @Test("a directory has one recording process, and the next when it has gone")
    func oneOwner() async throws {
        let scratch = try ScratchDirectory()
        var store: ChunkStore? = try ChunkStore(directory: scratch.path)
        _ = try await store?.index.beginRun(camera: "till", start: UTCTime(nanoseconds: 5))
        let refusal = try #require(throws: FileError.self) { _ = try ChunkStore(directory: scratch.path) }
        #expect("\(refusal)".hasPrefix("cannot record into \(scratch.path), where another process does; it holds"))
        store = nil
        _ = try ChunkStore(directory: scratch.path)
    }

    @Test("a file has one row, and a run that is not there has none")
    func constraints() async throws {
        let scratch = try ScratchDirectory()
        let index = try ChunkStore(directory: scratch.path).index
        let run = try await index.beginRun(camera: "till", start: UTCTime(nanoseconds: 5))
        let chunk = Self.chunk("till", run: run, sequence: 0, start: 5)
        try await index.add(chunk)
        await #expect(throws: ChunkIndex.Failure.self) { try await index.add(chunk) }
        await #expect(throws: ChunkIndex.Failure.self) {
            try await index.add(Self.chunk("till", run: 99, sequence: 0, start: 6))
        }
        #expect(
            try await index.chunks() == [
                {
                    var kept = chunk
                    kept.id = 1
                    return kept
                }()
            ]
        )
    }

    @Test("an index of a newer version is refused and left alone")
    func newer() async throws {
        let scratch = try ScratchDirectory()
        let path = scratch("martlet.sqlite")
        try await run("sqlite3", path, "PRAGMA user_version = 7; CREATE TABLE future (x)")
        let failure = try #require(throws: ChunkIndex.Failure.self) { _ = try ChunkIndex(path: path) }
        #expect(
            "\(failure)" == "\(path): the index was written by a newer Martlet (version 7; this one knows 1); "
                + "install that version, or move the file away (in: open)"
        )
        #expect(try await run("sqlite3", path, "PRAGMA user_version").output == "7\n")
    }

    @Test("an index that is not there is not made by looking")
    func missing() throws {
        let scratch = try ScratchDirectory()
        #expect(throws: ChunkIndex.Failure.self) { _ = try ChunkIndex(path: scratch("martlet.sqlite"), readOnly: true) }
        #expect(try scratch.entries == [])
    }

    @Test("a file in a folder's place is told as such")
    func noFolder() throws {
        let scratch = try ScratchDirectory()
        try scratch.write("store", "a file")
        let failure = try #require(throws: FileError.self) { _ = try ChunkStore(directory: scratch("store")) }
        #expect("\(failure)" == "cannot make the directory \(scratch("store")): Not a directory")
    }
}

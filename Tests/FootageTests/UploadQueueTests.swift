// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Footage

@Suite("Upload queue")
struct UploadQueueTests {
    private static func chunk(_ id: Int64, run: Int64, _ state: Chunk.State = .complete) -> Chunk {
        let start = UTCTime(nanoseconds: id * 600_000_000_000)
        var chunk = Chunk(
            id: id,
            camera: "door",
            run: run,
            sequence: Int(id),
            state: state,
            start: start,
            mediaTime: start.nanoseconds,
            path: ChunkName(camera: "door", start: start).path
        )
        (chunk.duration, chunk.bytes) = (.seconds(600), 100 * id)
        return chunk
    }

    private static func index(_ scratch: ScratchDirectory) async throws -> (ChunkIndex, run: Int64) {
        let index = try ChunkIndex(path: scratch("martlet.sqlite"))
        let run = Run(
            identity: makeIdentity(),
            camera: "door",
            boot: "boot",
            clock: .init(offset: 0, state: .synchronised)
        )
        return (index, try await index.add(run))
    }

    @Test("a new place lacks all finished chunks, gets the oldest first, and each once")
    func order() async throws {
        let scratch = try ScratchDirectory()
        let (index, run) = try await Self.index(scratch)
        for id in [3, 1, 2] as [Int64] { try await index.add(Self.chunk(id, run: run)) }
        try await index.add(Self.chunk(4, run: run, .open))
        let nas = try await index.addUploadTarget("sftp://nas/x")
        #expect(try await index.uploadQueue(of: nas) == UploadQueue(chunks: 3, bytes: 600))
        var sent: [Int64] = []
        while let next = try await index.nextUpload(to: nas) {
            sent.append(next.id)
            try await index.uploaded(next.id, to: nas)
        }
        #expect(sent == [1, 2, 3])
        // Asked for again, by the next process, it has not forgotten.
        let again = try ChunkIndex(path: scratch("martlet.sqlite"))
        #expect(try await again.addUploadTarget("sftp://nas/x") == nas)
        #expect(try await again.uploadQueue(of: nas) == UploadQueue())
        // Another one lacks them still.
        let other = try await again.addUploadTarget("ftp://other")
        #expect(try await again.uploadQueue(of: other).chunks == 3)
    }

    @Test("a chunk is queued when it is finished, however it came about, and only then")
    func finished() async throws {
        let (index, run) = try await Self.index(try ScratchDirectory())
        let nas = try await index.addUploadTarget("sftp://nas/x")
        var chunk = Self.chunk(1, run: run, .open)
        try await index.add(chunk)
        #expect(try await index.uploadQueue(of: nas).chunks == 0)
        chunk.state = .repaired
        try await index.update(chunk)
        #expect(try await index.nextUpload(to: nas)?.id == 1)
        try await index.uploaded(1, to: nas)
        // What is written of it later does not queue it again.
        chunk.digest = [1]
        try await index.update(chunk)
        #expect(try await index.uploadQueue(of: nas).chunks == 0)
        // Found by a look through the directory.
        try await index.add(Self.chunk(2, run: run))
        #expect(try await index.nextUpload(to: nas)?.id == 2)
    }

    @Test("a chunk that is deleted before it was sent is counted, one that was sent is not")
    func deleted() async throws {
        let (index, run) = try await Self.index(try ScratchDirectory())
        let nas = try await index.addUploadTarget("sftp://nas/x")
        for id in 1...3 as ClosedRange<Int64> { try await index.add(Self.chunk(id, run: run)) }
        try await index.uploaded(1, to: nas)
        for id in 1...2 as ClosedRange<Int64> {
            let chunk = try #require(try await index.chunk(id))
            #expect(try await index.beginDeleting(id, evenProtected: false))
            // What is being deleted is not sent.
            #expect(try await index.nextUpload(to: nas)?.id != id)
            try await index.drop(chunk, reason: .quota)
        }
        #expect(try await index.uploadQueue(of: nas) == UploadQueue(chunks: 1, bytes: 300, deleted: 1))
    }

    @Test("what has come is known as long as it is there")
    func arrivals() async throws {
        let (index, run) = try await Self.index(try ScratchDirectory())
        try await index.add(Self.chunk(1, run: run))
        #expect(try await !index.hasArrived([1, 2]))
        try await index.noteArrival([1, 2], as: 1)
        #expect(try await index.hasArrived([1, 2]))
        try await index.drop(Self.chunk(1, run: run))
        #expect(try await !index.hasArrived([1, 2]))
    }
}

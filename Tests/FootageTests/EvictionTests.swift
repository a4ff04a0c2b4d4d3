// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Footage

/// What an open store deletes: real files, the real index, the real books.
@Suite("Eviction", .timeLimit(.minutes(3)))
struct EvictionTests {
    private static let size: Int64 = 2 << 20

    /// A store with chunks of 2 MiB, ten of each camera, one after the other.
    private static func filled(
        _ scratch: ScratchDirectory,
        _ cameras: [String]
    ) async throws -> (ChunkStore, ChunkStore.Settings) {
        let settings = ChunkStore.Settings(directory: scratch.path, minFree: 0)
        let store = try await ChunkStore.open(settings, journal: .silent)
        for number in 0..<10 {
            for camera in cameras {
                let clock = RunClock.Mapping(offset: 0, state: .synchronised)
                let run = Run(identity: camera, camera: camera, boot: "boot", clock: clock)
                let start = UTCTime(nanoseconds: Int64(number + 1) * 10_000_000_000)
                var (chunk, file) = try store.create(
                    camera,
                    start: start,
                    mediaTime: start.nanoseconds,
                    sequence: number
                )
                chunk.run = await store.begin(run)
                await store.opened(chunk)
                let writes = MuxerWrites.finalised(fragments: 2, seed: UInt64(number))
                for write in writes.writes { try write.bytes.withUnsafeBytes { try file.write($0, at: write.offset) } }
                let padding = box("free", [UInt8](repeating: 7, count: Int(size) - writes.file.count))
                let outcome = await withCheckedContinuation { done in
                    file.close(complete: true, metadata: { padding }, done: { done.resume(returning: $0) })
                }
                #expect(outcome.isComplete)
                (chunk.state, chunk.duration) = (.complete, .seconds(10))
                (chunk.bytes, chunk.allocated) = (outcome.bytes, outcome.allocated)
                await store.finished(chunk)
            }
        }
        return (store, settings)
    }

    private static func names(_ store: ChunkStore) async throws -> [String] {
        try await store.index.chunks().map { "\($0.camera)\($0.sequence)" }
    }

    /// What the directory takes as the file system has it.
    private static func diskUse(_ store: ChunkStore) throws -> Int64 { try Folder.allocatedBelow(store.directory) }

    @Test("a limit that is lowered while a store is open takes the oldest of all cameras, and no more than it must")
    func lowered() async throws {
        let scratch = try ScratchDirectory()
        var (store, settings) = try await Self.filled(scratch, ["door", "till"])
        #expect(try await Self.names(store).count == 20)
        settings.maxSpace = 24 << 20
        try store.configure(settings)
        try await eventually { try await Self.names(store).count <= 10 }
        let left = try await Self.names(store)
        #expect(left.count >= 8)
        // The newest of both.
        #expect(left.suffix(4) == ["till6", "till7", "till8", "till9"])
        #expect(left.filter { $0.hasPrefix("door") }.count >= left.count / 2 - 1)
        #expect(try Self.diskUse(store) <= 24 << 20)
        #expect(try Self.diskUse(store) <= store.space.books.used, "the books never say less than the disk")
        await store.close()
    }

    @Test(
        "what is protected stays; when nothing else is left a writer is refused in words, until something is released"
    )
    func protected() async throws {
        let scratch = try ScratchDirectory()
        var (store, settings) = try await Self.filled(scratch, ["door"])
        let ids = try await store.index.chunks().map(\.id)
        try await store.index.setProtected(true, ids)
        settings.maxSpace = 8 << 20
        try store.configure(settings)
        let refusal = try thrown(FileError.self) {
            while true {
                try store.space.charge(1000, of: "door", to: 1 << 20, isInterrupted: { false })
            }
        }
        #expect("\(refusal)".contains("max-space (8 MB) is used up"), "\(refusal)")
        #expect(try await Self.names(store).count == 10)
        try await store.index.setProtected(false, Array(ids.prefix(8)))
        try await eventually {
            do {
                try store.space.charge(1000, of: "door", to: 1 << 20, isInterrupted: { false })
                return true
            } catch { return false }
        }
        #expect(try await Self.names(store).suffix(2) == ["door8", "door9"])
        await store.close()
    }

    @Test("a camera's own limit takes its own chunks, and another's that is used up changes nothing for it")
    func cameraLimits() async throws {
        let scratch = try ScratchDirectory()
        var (store, settings) = try await Self.filled(scratch, ["door", "till", "yard"])
        let till = try await store.index.chunks(camera: "till").map(\.id)
        try await store.index.setProtected(true, till)
        settings.cameraMaxSpace = ["door": 8 << 20, "till": 8 << 20]
        try store.configure(settings)
        try await eventually { try await Self.names(store).filter { $0.hasPrefix("door") }.count <= 3 }
        let left = try await Self.names(store)
        #expect(left.filter { $0.hasPrefix("yard") }.count == 10)
        #expect(left.filter { $0.hasPrefix("till") }.count == 10)
        try store.space.charge(1000, of: "yard", to: 1 << 20, isInterrupted: { false })
        await store.close()
    }

    @Test("age deletes only while the clock is right, and only what is surely old")
    func age() async throws {
        let scratch = try ScratchDirectory()
        let (filled, settings) = try await Self.filled(scratch, ["door"])
        await filled.close()
        func left(isSynchronised: Bool, clockOfRun: RunClock.State) async throws -> Int {
            let clock = WallClock(boot: "boot") {
                .init(utc: UTCTime(nanoseconds: 1_000_000_000_000), monotonic: 0, isSynchronised: isSynchronised)
            }
            var settings = settings
            settings.maxAge = .seconds(60)
            let store = try await ChunkStore.open(settings, clock: clock, journal: .silent)
            let run = try #require(try await store.index.chunks().first?.run)
            try await store.index.correct(run, to: .init(offset: 0, state: clockOfRun))
            // What has to go is gone when the evictor has been through.
            await store.makeRoom()
            // By whoever came first: it does so by itself as well.
            if isSynchronised, clockOfRun != .unsynchronised {
                try await eventually { try await Self.names(store) == [] }
            }
            let count = try await Self.names(store).count
            await store.close()
            return count
        }
        #expect(try await left(isSynchronised: false, clockOfRun: .unsynchronised) == 10)
        #expect(try await left(isSynchronised: true, clockOfRun: .unsynchronised) == 10)
        #expect(try await left(isSynchronised: false, clockOfRun: .synchronised) == 10)
        #expect(try await left(isSynchronised: true, clockOfRun: .synchronised) == 0)
    }

    @Test("two chunks never get one name, however often the clock is set back")
    func names() async throws {
        let scratch = try ScratchDirectory()
        let store = try await ChunkStore.open(.init(directory: scratch.path, minFree: 0), journal: .silent)
        let start = UTCTime(nanoseconds: 1_795_260_000_000_000_000)
        let created = try (0..<5).map { try store.create("door", start: start, mediaTime: 0, sequence: $0) }
        #expect(Set(created.map(\.chunk.path)).count == 5)
        #expect(Set(created.map(\.chunk.id)).count == 5)
        for (_, file) in created {
            await withCheckedContinuation { done in
                file.close(complete: false, metadata: { [] }, done: { _ in done.resume() })
            }
        }
        await store.close()
    }
}

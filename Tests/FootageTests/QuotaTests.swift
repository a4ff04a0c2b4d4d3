// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Footage

@Suite("Quota")
struct QuotaTests {
    private static let megabyte: Int64 = 1 << 20

    @Test("a writer gets what fits, and not a byte more")
    func hardLimit() {
        var quota = Quota(limits: .init(maxSpace: 10 * Self.megabyte))
        let most = 10 * Self.megabyte - quota.used
        let granted = [
            quota.charge(1, of: "till", to: most, free: .max), quota.charge(1, of: "till", to: most + 1, free: .max),
            quota.charge(2, of: "door", to: 1, free: .max),
        ]
        #expect(granted == [true, false, false])
        #expect(quota.used == 10 * Self.megabyte, "what was refused costs nothing")
        quota.remove(1)
        let isGranted = quota.charge(2, of: "door", to: 1, free: .max)
        #expect(isGranted)
    }

    @Test("what stays free counts what is promised to others")
    func minFree() {
        var quota = Quota(limits: .init(minFree: 5 * Self.megabyte))
        var granted = [
            quota.charge(1, of: "till", to: 3 * Self.megabyte, free: 10 * Self.megabyte),
            quota.charge(2, of: "door", to: 3 * Self.megabyte, free: 10 * Self.megabyte),
        ]
        #expect(granted == [true, false])
        quota.settle(1, allocated: 3 * Self.megabyte)
        // The first is on the disk now, and what is free says so.
        granted = [
            quota.charge(2, of: "door", to: 3 * Self.megabyte, free: 7 * Self.megabyte),
            quota.charge(2, of: "door", to: 2 * Self.megabyte, free: 7 * Self.megabyte),
        ]
        #expect(granted == [false, true])
    }

    @Test("a camera's own limit is its own")
    func cameraLimit() {
        var quota = Quota(limits: .init(cameraMaxSpace: ["till": 100 * Self.megabyte]))
        quota.add(99 * Self.megabyte, of: "till")
        quota.add(500 * Self.megabyte, of: "door")
        #expect(quota.demand(free: .max) == .oldestOf("till"))
        let granted = [
            quota.charge(1, of: "till", to: 2 * Self.megabyte, free: .max),
            quota.charge(2, of: "door", to: 2 * Self.megabyte, free: .max),
        ]
        #expect(granted == [false, true])
        quota.release(50 * Self.megabyte, of: "till")
        #expect(quota.demand(free: .max) == nil)
    }

    // MARK: Years of recording

    /// A disk as a value, and the real index and the real books: what a crash may leave behind.
    private final class World {
        struct File {
            let id: Int64
            let camera: String
            var bytes: Int64
        }

        let index: ChunkIndex
        let run: Int64
        var random: SeededRandom
        var quota: Quota
        /// On the disk.
        var finished: [Int64: File] = [:]
        var open: [String: File] = [:]
        /// By a clock that jumps.
        var wall: Int64 = 1_800_000_000_000_000_000
        var nextID: Int64 = 1
        var crashes = 0
        var deleted = 0

        init(seed: UInt64, limit: Int64) async throws {
            random = SeededRandom(seed: seed)
            quota = Quota(limits: .init(maxSpace: limit))
            index = try ChunkIndex(path: ":memory:")
            let clock = RunClock.Mapping(offset: 0, state: .synchronised)
            run = try await index.add(Run(identity: makeIdentity(), camera: "all", boot: "boot", clock: clock))
        }

        var onDisk: Int64 {
            finished.values.reduce(0) { $0 + $1.bytes } + open.values.reduce(0) { $0 + $1.bytes }
        }

        func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &random) == 0 }

        /// The daemon is killed and started again: deletions are finished, what was open is repaired, the books are made
        /// anew from the disk.
        func crash() async throws {
            crashes += 1
            for chunk in try await index.unfinished() where chunk.state == .deleting {
                finished[chunk.id] = nil
                try await index.drop(chunk, reason: .quota)
            }
            for file in open.values where file.bytes > 0 { try await keep(file) }
            open = [:]
            quota = Quota(limits: quota.limits)
            for file in finished.values { quota.add(file.bytes, of: file.camera) }
        }

        private func keep(_ file: File) async throws {
            finished[file.id] = file
            let name = ChunkName(camera: file.camera, start: UTCTime(nanoseconds: wall + file.id * 1_000_000))
            var chunk = Chunk(
                id: file.id,
                camera: file.camera,
                run: run,
                sequence: 0,
                state: .complete,
                start: name.start,
                mediaTime: 0,
                path: "\(file.id) \(name.path)"
            )
            (chunk.duration, chunk.allocated) = (.seconds(10), file.bytes)
            chunk.isProtected = chance(20)
            try await index.add(chunk)
        }

        /// Deletes one chunk, as the evictor does, or crashes between two of its steps; `false` if nothing has to go, or
        /// nothing may.
        func evictOne() async throws -> Bool {
            guard quota.demand(free: .max) != nil, let chunk = try await index.oldest() else { return false }
            let older = try await index.chunks().filter { $0.id < chunk.id && !$0.isProtected }
            #expect(older.isEmpty, "\(chunk.id) goes before \(older.map(\.id))")
            #expect(!chunk.isProtected)
            #expect(try await index.beginDeleting(chunk.id, evenProtected: false))
            deleted += 1
            if chance(100) {
                try await crash()
                return true
            }
            finished[chunk.id] = nil
            if chance(100) {
                try await crash()
                return true
            }
            try await index.drop(chunk, reason: .quota)
            quota.release(chunk.allocated, of: chunk.camera)
            return true
        }

        /// One camera writes a little more of its chunk.
        func write(_ camera: String, chunkSize: Int64) async throws {
            if open[camera] == nil {
                open[camera] = File(id: nextID, camera: camera, bytes: 0)
                nextID += 1
            }
            let more = Int64.random(in: 10_000...2_000_000, using: &random)
            while let file = open[camera],
                !quota.charge(file.id, of: camera, to: file.bytes + more + 65_536, free: .max)
            {
                // Nothing may go: the chunk ends early, and recording goes on when it can.
                if try await !evictOne() { return try await finish(camera) }
            }
            guard var file = open[camera] else { return }
            file.bytes += more
            open[camera] = file
            quota.settle(file.id, allocated: file.bytes)
            if file.bytes > chunkSize { try await finish(camera) }
        }

        func finish(_ camera: String) async throws {
            guard let file = open.removeValue(forKey: camera) else { return }
            guard file.bytes > 0 else { return quota.remove(file.id) }
            quota.finish(file.id, of: camera, allocated: file.bytes)
            try await keep(file)
        }

        /// A person releases what was protected.
        func releaseSome() async throws {
            let ids = try await index.chunks().filter(\.isProtected).map(\.id)
            try await index.setProtected(false, Array(ids.shuffled(using: &random).prefix(5)))
        }
    }

    @Test("recording, crashes and clock steps never exceed the limit, nor delete out of turn", arguments: 1...12)
    func simulation(seed: UInt64) async throws {
        let limit = 200 * Self.megabyte
        let world = try await World(seed: seed, limit: limit)
        let cameras = ["door", "till", "yard", "shed"]
        for step in 0..<4000 {
            world.wall += 1_000_000_000
            if world.chance(100) {
                let year: Int64 = 31_536_000_000_000_000
                world.wall += [year, -year, 1_000_000_000, -1_000_000_000].randomElement(using: &world.random) ?? 0
            }
            let chunkSize = Int64.random(in: 1_000_000...20_000_000, using: &world.random)
            try await world.write(cameras[step % cameras.count], chunkSize: chunkSize)
            while try await world.evictOne() {}
            if world.chance(500) { try await world.crash() }
            if world.chance(100) { try await world.releaseSome() }
            #expect(world.onDisk <= limit)
            #expect(world.onDisk <= world.quota.used, "the books never say less than the disk")
        }
        #expect(world.deleted > 100 && world.crashes > 0)
    }
}

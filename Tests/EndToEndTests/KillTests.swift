// SPDX-License-Identifier: Apache-2.0
import Footage
import Foundation
import TestSupport
import Testing

/// A recorder that is killed: `MARTLET_KILLS` says how often.
@Suite(.serialized, .timeLimit(.minutes(30))) struct KillTests {
    private static let kills = ProcessInfo.processInfo.environment["MARTLET_KILLS"].flatMap { Int($0) } ?? 10

    /// What one kill cost.
    struct Loss: Sendable {
        /// In seconds of the stream: frames that the recorder had got, and that no chunk has.
        let seconds: Double
        /// How far from the end of a chunk the kill was, in seconds; negative before it.
        let fromBoundary: Double
        let writer: JournaledRecording.Writer
    }

    @Test("a recorder that is killed loses the last half second at most, and its torn chunk becomes a plain one")
    func kill() async throws {
        let losses = try await withThrowingTaskGroup(of: [Loss].self) { group in
            for (lane, writer) in JournaledRecording.Writer.allCases.enumerated() {
                group.addTask { try await Self.lane(lane, kills: (Self.kills + lane) / 2, by: writer) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(losses.count == Self.kills)
        #expect(losses.allSatisfy { $0.seconds <= ($0.writer == .martlet ? 0.5 : 1.5) }, "\(losses)")
        for (name, some) in [
            ("all", losses.filter { $0.writer == .martlet }),
            ("around a boundary", losses.filter { $0.writer == .martlet && abs($0.fromBoundary) < 0.3 }),
            ("splitmuxsink", losses.filter { $0.writer == .splitmuxsink }),
        ] {
            let sorted = some.map(\.seconds).sorted()
            guard let least = sorted.first, let most = sorted.last else { continue }
            print("\(name): \(sorted.count) kills lost \(least) s … \(sorted[sorted.count / 2]) s … \(most) s")
        }
    }

    /// Kills one recorder after the other in the same directory.
    private static func lane(_ lane: Int, kills: Int, by writer: JournaledRecording.Writer) async throws -> [Loss] {
        let scratch = try ScratchDirectory()
        let directory = scratch("store")
        var random = SeededRandom(seed: UInt64(lane))
        var losses: [Loss] = []
        var known: Set<String> = []
        for _ in 0..<kills {
            let words = ["record", directory, "1000", "none", writer.rawValue]
            let probe = try Martlet(running: [try Product.program("TestProbe")] + words)
            try await probe.expect("fed", times: 40)
            // The moment is what is tested: anywhere in a chunk of 2 s and a bit more, so around its end as well.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...2500, using: &random)))
            probe.send(SIGKILL)
            #expect(try await probe.end() == -SIGKILL)
            try await eventually { probe.isSilent }
            let time = Date().timeIntervalSince1970.truncatingRemainder(dividingBy: 2)
            let fed = probe.output.count { $0 == "fed" }

            // The next recorder would do the same before it begins.
            let store = try await ChunkStore.open(.init(directory: directory, minFree: 0), journal: .silent)
            let chunks = try await store.index.chunks().filter { !known.contains($0.path) }
            await store.close()
            known.formUnion(chunks.map(\.path))
            #expect(openChunks(in: directory) == [])
            #expect(chunks.last?.state == .repaired || chunks.last?.state == .complete)
            for chunk in chunks {
                let path = "\(directory)/\(chunk.path)"
                let decoded = try await run("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "null", "-")
                #expect(decoded.status == 0 && decoded.errors.isEmpty, "\(path): \(decoded.errors)")
            }
            let kept = chunks.map(\.frames).reduce(0, +)
            // A chunk ends with the group of pictures that is over a second after its boundary.
            let phase = (time + 1).truncatingRemainder(dividingBy: 2)
            losses.append(Loss(seconds: Double(fed - kept) / 30, fromBoundary: phase - 1, writer: writer))
        }
        return losses
    }
}

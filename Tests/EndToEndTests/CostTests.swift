// SPDX-License-Identifier: Apache-2.0
import CallCounter
import Foundation
import ISOBaseMedia
import TestSupport
import Testing

/// What recording costs, in counts that are the same on every machine; what it costs in time is for `scripts/bench`.
///
/// A limit that is exceeded is not to be raised before it is known why.
@Suite("Costs", .serialized, .gstreamer, .timeLimit(.minutes(3))) struct CostTests {
    private static let cameras = 4

    /// What was asked of the allocator and the kernel, and what was recorded, up to a moment.
    private struct Mark {
        let counts: call_counts_t
        /// Voluntary switches of all threads: each is a wake-up.
        let wakeUps: Int
        private(set) var frames: Int
        /// Of H.264.
        private(set) var bytes: Int

        init(_ store: Martlet, counts path: String, chunks: [String]) throws {
            var counts = try Self.counts(path)
            while true {
                let tables = try chunks.map { try SampleTable([UInt8](Data(contentsOf: URL(fileURLWithPath: $0)))) }
                frames = tables.reduce(0) { $0 + $1.frames }
                bytes = tables.reduce(0) { $0 + $1.samples.reduce(0) { $0 + Int($1.size) } }
                let after = try Self.counts(path)
                // What was written while the files were read would count on one side alone.
                if after.writes == counts.writes { break }
                counts = after
            }
            self.counts = counts
            wakeUps = try Self.wakeUps(store)
        }

        private static func counts(_ path: String) throws -> call_counts_t {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            return bytes.withUnsafeBytes { $0.loadUnaligned(as: call_counts_t.self) }
        }

        private static func wakeUps(_ store: Martlet) throws -> Int {
            let tasks = "/proc/\(store.identifier)/task"
            return try FileManager.default.contentsOfDirectory(atPath: tasks).reduce(0) { sum, task in
                // A thread may end meanwhile.
                let status = (try? String(contentsOfFile: "\(tasks)/\(task)/status", encoding: .utf8)) ?? ""
                let found = status.firstMatch(of: /\nvoluntary_ctxt_switches:\s+(\d+)/)
                return sum + (found.flatMap { Int($0.1) } ?? 0)
            }
        }
    }

    @Test("recording four cameras takes no more allocations, calls, wake-ups and bytes than it has to")
    func record() async throws {
        let scratch = try ScratchDirectory()
        let recording = try await RTPRecording.made(width: 640, height: 360, bitrate: 4000)
        let servers = try (0..<Self.cameras).map { _ in try ScriptedCamera(recording, .init()) }
        defer { for server in servers { server.close() } }
        let tables = servers.enumerated().map { (name: "c\($0)", url: $1.url, more: "replenish = false") }
        let layout = try TestStore(tables, in: scratch, recording: "")
        try String(contentsOfFile: layout.configuration, encoding: .utf8)
            .replacing(#/chunk-duration = "10 s"/#, with: "chunk-duration = \"60 min\"")
            .write(toFile: layout.configuration, atomically: true, encoding: .utf8)
        let store = try Martlet(
            running: [try Martlet.path, "store", "--config", layout.configuration],
            environment: [
                "LD_PRELOAD": try Product.file("libCallCounter.so"), "CALL_COUNTER": scratch("counts"),
                // As newer GLib has it: no allocator in front of the allocator.
                "G_SLICE": "always-malloc",
            ]
        )
        try await store.expect("receiver runs", times: Self.cameras)
        let directory = layout.directory
        try await eventually(within: .seconds(30)) { openChunks(in: directory).count == Self.cameras }
        let chunks = openChunks(in: directory)
        func mark(after frames: Int) async throws -> Mark {
            var mark = try Mark(store, counts: scratch("counts"), chunks: chunks)
            try await eventually(within: .seconds(60)) {
                mark = try Mark(store, counts: scratch("counts"), chunks: chunks)
                return mark.frames >= frames
            }
            return mark
        }
        // Past the frames that are taken as they come.
        let begin = try await mark(after: Self.cameras * 90)
        let end = try await mark(after: begin.frames + Self.cameras * 300)
        store.send(SIGTERM)
        #expect(try await store.end() == 0)

        let frames = Double(end.frames - begin.frames)
        let streamMinutes = frames / 30 / 60
        func each(_ count: KeyPath<call_counts_t, UInt64>) -> Double {
            Double(end.counts[keyPath: count] - begin.counts[keyPath: count])
        }
        let allocations = each(\.allocations) / frames
        let wakeUps = Double(end.wakeUps - begin.wakeUps) / frames
        let calls = (each(\.receives) + each(\.writes) + each(\.syncs) + each(\.waits)) / streamMinutes
        let written = each(\.written) / Double(end.bytes - begin.bytes)
        print(
            "a frame: \(allocations) allocations, \(wakeUps) wake-ups; a stream-minute: \(calls) calls; "
                + "a byte of video: \(written) bytes written"
        )
        // A count that does not count is no proof.
        for count in [\call_counts_t.receives, \.writes, \.syncs, \.waits] { #expect(each(count) > 0) }
        // Of a build for debugging, whose frames of eleven packets take 57.
        #expect(allocations <= 65)
        #expect(wakeUps <= 0.6)
        #expect(calls <= 2000)
        #expect(written <= 1.01)
    }
}

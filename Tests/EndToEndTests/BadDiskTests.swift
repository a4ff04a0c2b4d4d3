// SPDX-License-Identifier: Apache-2.0
import Footage
import Foundation
import TestSupport
import Testing

/// A disk that misbehaves under a real camera: who watches goes on watching, the fault is told, and recording begins again
/// by itself when it can.
@Suite(.serialized, .timeLimit(.minutes(4))) struct BadDiskTests {
    /// A camera, somebody who watches it, and what may go wrong with its disk.
    private final class Scene {
        let scratch: ScratchDirectory
        let camera: TestCamera
        let process: Martlet
        let player: Martlet

        init(_ scratch: ScratchDirectory, directory: String? = nil, hasFaults: Bool = false) async throws {
            self.scratch = scratch
            camera = try TestCamera(
                "door",
                in: scratch,
                size: (160, 120),
                directory: directory,
                more: "min-free = \"0 MB\""
            )
            process = try Martlet(
                running: [try Martlet.path, "camera", "--config", camera.configuration],
                environment: hasFaults
                    ? try DiskJournal.environment(below: camera.directory, control: scratch("control")) : [:]
            )
            try await process.expect("capture runs")
            player = try Martlet(
                running:
                    "ffmpeg -nostdin -v error -rtsp_transport tcp -i \(camera.url) -c copy -flush_packets 1 -f framemd5 -"
                    .split(separator: " ").map(String.init)
            )
            try await isWatched()
            try await hasFrames()
            try await isInIndex()
        }

        /// The open chunk is known: what goes wrong from now on goes wrong in the middle of it.
        private func isInIndex() async throws {
            try await eventually(within: .seconds(30), "the chunk does not come into the index") {
                let listing = try await run(
                    Martlet.path,
                    "chunks",
                    "list",
                    "--json",
                    "--config",
                    self.camera.configuration
                )
                return listing.output.contains(".open.mp4") || listing.output.contains("\"open\"")
            }
        }

        /// Frames go on to come.
        func isWatched() async throws {
            let seen = player.output.count
            try await eventually("nobody sees the camera any more: \(process.output)") {
                self.player.output.count > seen + 45
            }
        }

        /// The open chunk grows.
        func hasFrames() async throws {
            try await eventually("nothing is recorded: \(process.output)") {
                try openChunks(in: self.camera.directory).contains { path in
                    (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0) > 10_000
                }
            }
        }

        /// Chunks, finished or not.
        func filesBegun() throws -> Int {
            try FileManager.default.subpathsOfDirectory(atPath: camera.directory).count { $0.hasSuffix(".mp4") }
        }

        /// Orders a fault, or none.
        func order(_ lines: String) throws {
            // At once: the layer must never read a half.
            try lines.write(toFile: scratch("control"), atomically: true, encoding: .utf8)
        }

        /// Recording goes on, and all that is there plays when it ends; the gap is in the index.
        func ends(gap reason: String?) async throws {
            try await hasFrames()
            try await isWatched()
            #expect(try memory() < 400 << 10)
            process.send(SIGTERM)
            #expect(try await process.end() == 0, "\(process.output)")
            #expect(openChunks(in: camera.directory) == [])
            try await Footage(of: "door", in: camera.directory).decodes()
            let index = "\(camera.directory)/martlet.sqlite"
            let rows = try await run("sqlite3", index, "SELECT reason FROM gaps WHERE end IS NOT NULL")
            let reasons = rows.output.split(separator: "\n").map(String.init)
            // A full disk may have cost a chunk besides.
            #expect(reasons.last == reason, "\(reasons): \(process.output.joined(separator: "\n"))")
            let states = try await run("sqlite3", index, "SELECT DISTINCT state FROM chunks WHERE sha256 IS NULL")
            #expect(!states.output.contains("open"), "\(states.output)")
        }

        /// Resident, in KB.
        private func memory() throws -> Int {
            let status = try String(contentsOfFile: "/proc/\(process.identifier)/status", encoding: .utf8)
            return status.firstMatch(of: #/VmRSS:\s+(\d+)/#).flatMap { Int($0.1) } ?? 0
        }
    }

    @Test(
        "a disk that somebody else fills stops the recording until there is room",
        .enabled(if: Mount.isPossible, Mount.reason)
    )
    func full() async throws {
        let scratch = try ScratchDirectory()
        let disk = try Mount(megabytes: 24, in: scratch)
        let scene = try await Scene(scratch, directory: "\(disk.path)/store")
        _ = try await run("sh", "-c", "cat /dev/zero > \(disk.path)/film.iso")
        // Whichever meets it first: the index, or the chunk.
        try await eventually("it is not told: \(scene.process.output)") {
            scene.process.output.contains { $0.contains("is full") || $0.contains("cannot find room in") }
        }
        try await scene.isWatched()
        unlink("\(disk.path)/film.iso")
        try await scene.process.expect("recording goes on", within: .seconds(60))
        try await scene.ends(gap: "disk")
    }

    @Test(
        "a disk that is taken away is waited for, and nothing goes to the one beneath",
        .enabled(if: Mount.isPossible, Mount.reason),
        // Where disks are mounted by hand, and where nobody expects one.
        arguments: [("/mnt", "no disk is mounted at"), ("/var/tmp", "is on is not there")]
    )
    func unmounted(folder: String, said: String) async throws {
        let scratch = try ScratchDirectory()
        let disk = try Mount(megabytes: 24, in: scratch, below: folder)
        let scene = try await Scene(scratch, directory: "\(disk.path)/store")
        try disk.takeAway()
        try await scene.process.expect(said)
        try await scene.isWatched()
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == [])
        try disk.mount()
        try await scene.process.expect("recording goes on")
        try await scene.ends(gap: "disk")
    }

    @Test("a directory that is deleted is made anew")
    func deleted() async throws {
        let scratch = try ScratchDirectory()
        let scene = try await Scene(scratch)
        try FileManager.default.moveItem(atPath: scene.camera.directory, toPath: scratch("away"))
        try await scene.process.expect("recording stopped:")
        try await scene.process.expect("recording goes on")
        try await scene.isWatched()
        try await scene.hasFrames()
        scene.process.send(SIGTERM)
        #expect(try await scene.process.end() == 0, "\(scene.process.output)")
        try await Footage(of: "door", in: scene.camera.directory).decodes()
    }

    /// What is ordered, and what is said of it.
    private static let faults: [(String, String, String)] = [
        ("writing fails", "write fail \(EIO) .mp4", "Input/output error"),
        ("syncing fails", "sync fail \(EIO) .mp4", "Input/output error"),
        (
            "the file system is read-only",
            ["open", "create", "write", "truncate", "rename", "unlink", "mkdir", "sync"].map { "\($0) fail \(EROFS)" }
                .joined(separator: "\n"), "Read-only file system"
        ),
        (
            "nothing of a chunk is kept, and its file stays",
            ["truncate", "unlink", "sync"].map { "\($0) fail \(EROFS) .mp4" }.joined(separator: "\n"),
            "Read-only file system"
        ),
    ]

    @Test("an ill disk is told of, and recorded to again when it is well", arguments: faults.indices)
    func ill(row: Int) async throws {
        let (_, order, words) = Self.faults[row]
        let scene = try await Scene(try ScratchDirectory(), hasFaults: true)
        try scene.order(order)
        try await scene.process.expect("recording stopped:", and: words)
        try await scene.isWatched()
        try scene.order("")
        try await scene.process.expect("recording goes on")
        try await scene.ends(gap: "disk")
    }

    @Test(
        "a disk that takes ten seconds to sync, or is slower than it ought to be, costs nothing",
        arguments: ["sync delay 10 .mp4", "write delay 0.5 .mp4"]
    )
    func slow(order: String) async throws {
        let scene = try await Scene(try ScratchDirectory(), hasFaults: true)
        try scene.order(order)
        // The next chunk does not wait until this one is closed.
        try await eventually("no chunk was begun: \(scene.process.output)") {
            try scene.filesBegun() >= 2
        }
        try await scene.isWatched()
        try scene.order("")
        try await scene.process.expect("is complete")
        try await scene.ends(gap: nil)
        #expect(breaks(in: try await Footage(of: "door", in: scene.camera.directory).frameTimes()) == [])
    }
}

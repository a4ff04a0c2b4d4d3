// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import martlet

@Suite("Incoming", .serialized, .timeLimit(.minutes(4)))
struct IncomingTests {
    private func film(_ path: String, _ more: String...) async throws {
        let input = ["-f", "lavfi", "-i", "testsrc=size=320x240:rate=10", "-t", "5"]
        let made = try await run(["ffmpeg", "-nostdin", "-v", "error"] + input + more + ["-y", path])
        try #require(made.status == 0, "\(made.errors)")
    }

    private func pictures(_ path: String) async throws -> [Substring] {
        let listed = try await run(
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-i",
            path,
            "-map",
            "0:v",
            "-f",
            "framemd5",
            "-"
        )
        return listed.output.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
            $0.split(separator: " ").last
        }
    }

    @Test("films of other makers become chunks, frame for frame; what is none is set aside with its reason")
    func foreign() async throws {
        let scratch = try ScratchDirectory()
        let incoming = scratch("incoming")
        try scratch.makeFolder("incoming/yard/sub")
        try scratch.makeFolder("incoming/user1")
        let places = try TestStore([TestCamera](), in: scratch)
        let text = try String(contentsOfFile: places.configuration, encoding: .utf8)
        let table = """
            [store.incoming]
            directory = "\(incoming)"
            [store.incoming.cameras]
            "user1" = "till"

            """
        try (text + table).write(toFile: places.configuration, atomically: true, encoding: .utf8)
        // By the folder and the name; with pictures that depend on later ones, and with sound.
        try await film("\(incoming)/yard/sub/cam1_20261121_102030.mp4", "-c:v", "libx264")
        try await film("\(incoming)/user1/2026-11-21T10-20-30Z.mkv", "-c:v", "libx264")
        try await film(
            "\(incoming)/user1/x.mp4",
            "-c:v",
            "libx265",
            "-x265-params",
            "log-level=none",
            "-metadata",
            "creation_time=2026-11-20T12:00:00Z"
        )
        // What will never be a chunk.
        try scratch.write("incoming/yard/notes.mp4", "These are notes, and no film.")
        try await film("\(incoming)/yard/old.mp4", "-c:v", "mpeg4")
        try await film("\(incoming)/lost_20261121_102030.mp4", "-c:v", "libx264", "-g", "5")
        try await film(
            "\(incoming)/yard/parts_20261121_112030.mp4",
            "-c:v",
            "libx264",
            "-movflags",
            "frag_keyframe+empty_moov"
        )
        // What is still being written, what says so, and what leads elsewhere.
        let whole = try bytes(of: "\(incoming)/yard/sub/cam1_20261121_102030.mp4")
        try scratch.write("incoming/yard/half_20261121_122030.mp4", Array(whole.prefix(whole.count / 2)))
        try scratch.write("incoming/yard/whole_20261121_132030.mp4.part", whole)
        let matroska = try bytes(of: "\(incoming)/user1/2026-11-21T10-20-30Z.mkv")
        try scratch.write("incoming/yard/half_20261121_162030.mkv", Array(matroska.prefix(matroska.count / 2)))
        try scratch.write("outside.mp4", whole)
        try FileManager.default.createSymbolicLink(
            atPath: "\(incoming)/yard/link_20261121_142030.mp4",
            withDestinationPath: scratch("outside.mp4")
        )
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("is chunk", times: 3, within: .seconds(60))
        try await store.expect("is not taken in, and set aside", times: 4)
        try await store.expect("neither a file nor a folder")
        // The same film once more, under another name.
        try scratch.write("incoming/yard/again_20261121_152030.mp4", whole)
        try await store.expect("has come before", and: "again", within: .seconds(60))
        let status = try JSONDecoder().decode(
            Status.self,
            from: Data(
                try await run([try Martlet.path, "status", "--json", "--config", places.configuration]).output.utf8
            )
        )
        let counts = try #require(status.incoming)
        #expect(counts.taken == 3 && counts.duplicates == 1 && counts.rejected == 4 && counts.waiting == 2)
        store.send(SIGTERM)
        #expect(try await store.end() == 0)

        let left = try FileManager.default.subpathsOfDirectory(atPath: incoming).filter {
            $0.contains(".mp4") || $0.contains(".mkv")
        }
        #expect(
            left.filter { !$0.hasPrefix(".rejected") }.sorted() == [
                "yard/half_20261121_122030.mp4", "yard/half_20261121_162030.mkv", "yard/link_20261121_142030.mp4",
                "yard/whole_20261121_132030.mp4.part",
            ]
        )
        #expect(try bytes(of: scratch("outside.mp4")) == whole)
        let reasons = [
            "notes.mp4": "it is no MP4", "old.mp4": "its video is neither H.264 nor H.265",
            "lost_20261121_102030.mp4": "nobody says whose it is",
            "parts_20261121_112030.mp4": "it is a fragmented MP4",
        ]
        for (name, reason) in reasons {
            let said = try String(contentsOfFile: "\(incoming)/.rejected/\(name).reason.txt", encoding: .utf8)
            #expect(said.contains(reason), "\(name): \(said)")
            #expect(FileManager.default.fileExists(atPath: "\(incoming)/.rejected/\(name)"))
        }
        // Times of names are this machine's, unless they say otherwise.
        let (yard, till) = (Footage(of: "yard", in: places.directory), Footage(of: "till", in: places.directory))
        #expect(yard.files.count == 1)
        #expect(
            till.files.map { URL(fileURLWithPath: $0).lastPathComponent } == [
                "till_2026-11-20T12-00-00.000Z.mp4", "till_2026-11-21T10-20-30.000Z.mp4",
            ]
        )
        try await yard.decodes()
        try await till.decodes()
        try scratch.write("cam.mp4", whole)
        for file in yard.files + till.files.suffix(1) {
            #expect(try await pictures(file) == pictures(scratch("cam.mp4")), "\(file)")
        }
        let verified = try await run(try Martlet.path, "chunks", "verify", "--directory", places.directory)
        #expect(verified.status == 0, "\(verified.output)")
    }
}

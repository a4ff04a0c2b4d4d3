// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(3))) struct QuotaTests {
    /// What a directory and all in it take on the disk, as `du` counts: in allocated blocks.
    private static func diskUse(of directory: String) -> Int64 {
        let names = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
        return ([""] + names).reduce(0) { sum, name in
            var status = stat()
            // It may have gone since it was listed.
            return lstat("\(directory)/\(name)", &status) == 0 ? sum + Int64(status.st_blocks) * 512 : sum
        }
    }

    @Test(
        "the directory never holds more than max-space, the oldest goes first, what is protected stays, nothing is lost"
    )
    func hardLimit() async throws {
        let scratch = try ScratchDirectory()
        let limit: Int64 = 24_000_000
        let cameras = try ["yard", "shed"].map { try TestCamera($0, in: scratch) }
        let places = try TestStore(cameras, in: scratch, recording: "max-space = \"24 MB\"")
        let processes = try cameras.map { try Martlet("camera", "--config", $0.configuration) }
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("is complete", and: "yard", times: 1)
        let kept = try await run(
            try Martlet.path,
            "chunks",
            "protect",
            "yard",
            "--from=-1h",
            "--to",
            "now",
            "--directory",
            places.directory
        )
        #expect(kept.output == "1 chunk protected\n", "\(kept.errors)")
        let protected = try #require(Footage(of: "yard", in: places.directory).files.first)

        let sampling = Task {
            var most: Int64 = 0
            while !Task.isCancelled {
                most = max(most, Self.diskUse(of: places.directory))
                // The rate of the samples; nothing is waited for.
                do { try await Task.sleep(for: .milliseconds(50)) } catch { break }
            }
            return most
        }
        try await store.expect("is deleted: quota", times: 4, within: .seconds(120))
        sampling.cancel()
        let most = await sampling.value
        #expect(most <= limit, "\(most) bytes at most")
        #expect(most > limit / 2, "the room was used: \(most) bytes")
        #expect(FileManager.default.fileExists(atPath: protected))
        store.send(SIGTERM)
        #expect(try await store.end() == 0)
        for process in processes { process.send(SIGTERM) }
        for process in processes { #expect(try await process.end() == 0) }
        #expect(Self.diskUse(of: places.directory) <= limit)

        for camera in ["yard", "shed"] {
            let footage = Footage(of: camera, in: places.directory)
            try await footage.decodes()
            // Between the protected chunk and the oldest that is left a span was deleted; elsewhere nothing is missing.
            let expected = camera == "yard" ? 1 : 0
            let found = breaks(in: try await footage.frameTimes())
            #expect(found.count == expected, "\(camera): \(found)")
        }
        let listed = try await run(try Martlet.path, "chunks", "list", "yard", "--directory", places.directory)
        #expect(listed.output.contains("missing: quota"), "\(listed.output)")
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// Finished chunks in a store's directory, as players that are not ours see them.
struct Footage {
    /// In the order of time.
    let files: [String]

    /// The chunks of one camera below a directory.
    init(of camera: String, in directory: String) {
        let folder = "\(directory)/\(camera)"
        files = (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
            .filter { $0.hasSuffix(".mp4") && !$0.hasSuffix(".open.mp4") }.sorted().map { "\(folder)/\($0)" }
    }

    /// Asserts that every chunk decodes without a word from ffmpeg.
    func decodes() async throws {
        for file in files {
            let result = try await run("ffmpeg", "-nostdin", "-v", "error", "-i", file, "-f", "null", "-")
            #expect(result.status == 0 && result.errors.isEmpty, "\(file): \(result.errors)")
        }
    }

    /// The MD5 of every access unit, chunk after chunk.
    func accessUnits() async throws -> [String] {
        var hashes: [String] = []
        for file in files {
            let result = try await run(
                "ffmpeg",
                "-nostdin",
                "-v",
                "error",
                "-i",
                file,
                "-c",
                "copy",
                "-f",
                "framemd5",
                "-"
            )
            hashes += result.output.split(separator: "\n").filter { !$0.hasPrefix("#") }
                .compactMap { $0.split(separator: ",").last.map { $0.trimmingCharacters(in: .whitespaces) } }
        }
        return hashes
    }

    /// The numbers that the test picture counts its frames with, read from the picture's QR code, chunk after chunk.
    func frameNumbers(_ scratch: ScratchDirectory) async throws -> [Int] {
        var numbers: [Int] = []
        for file in files {
            let folder = "\(scratch.path)/frames"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            // The code lies in the picture's lower left.
            let filter = "crop=iw/3:ih*3/4:0:ih/4,format=gray"
            _ = try await run(
                "ffmpeg",
                "-nostdin",
                "-v",
                "error",
                "-i",
                file,
                "-fps_mode",
                "passthrough",
                "-vf",
                filter,
                "\(folder)/%05d.png"
            )
            let frames = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            let result = try await run(
                ["zbarimg", "-q", "--raw"] + frames.map { "\(folder)/\($0)" },
                limit: .seconds(120)
            )
            let found = result.output.split(separator: "\n").compactMap { line in
                line.firstMatch(of: #/"BUFFERCOUNT":(\d+)/#).flatMap { Int($0.1) }
            }
            #expect(found.count == frames.count, "\(file): \(found.count) of \(frames.count) frames show a number")
            numbers += found
            try FileManager.default.removeItem(atPath: folder)
        }
        return numbers
    }
}

/// The places where numbers do not go on by one.
func breaks(in numbers: [Int]) -> [String] {
    zip(numbers, numbers.dropFirst()).filter { $0 + 1 != $1 }.map { "\($0)→\($1)" }
}

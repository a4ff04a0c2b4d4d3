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
        try #require(!files.isEmpty, "there is no footage")
        for file in files {
            let result = try await run("ffmpeg", "-nostdin", "-v", "error", "-i", file, "-f", "null", "-")
            #expect(result.status == 0 && result.errors.isEmpty, "\(file): \(result.errors)")
        }
    }

    /// The MD5 of every access unit, chunk after chunk.
    func accessUnits() async throws -> [String] {
        var hashes: [String] = []
        for file in files {
            hashes += try await TestSupport.accessUnits(of: file)
        }
        return hashes
    }

    /// When each frame is shown, in seconds, chunk after chunk on one clock: the chunks' names say when they begin.
    func frameTimes() async throws -> [Double] {
        try #require(!files.isEmpty, "there is no footage")
        var times: [Double] = []
        for file in files {
            let fields = "packet=pts_time"
            let result = try await run("ffprobe", "-v", "error", "-show_entries", fields, "-of", "csv=p=0", file)
            let start = try #require(Self.start(of: file))
            times += result.output.split(separator: "\n").compactMap { Double($0.prefix { $0 != "," }) }.map {
                start + $0
            }
        }
        return times
    }

    /// The time in a chunk's name, in seconds.
    private static func start(of file: String) -> Double? {
        guard let stamp = file.firstMatch(of: #/(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3})Z/#),
            let day = try? Date("\(stamp.1)T00:00:00Z", strategy: .iso8601),
            let hours = Double(stamp.2), let minutes = Double(stamp.3), let seconds = Double(stamp.4)
        else { return nil }
        return day.timeIntervalSince1970 + hours * 3600 + minutes * 60 + seconds
    }
}

/// The places where a frame does not follow the one before it by a thirtieth of a second: lost frames, or doubled ones.
func breaks(in times: [Double]) -> [String] {
    zip(times, times.dropFirst()).filter { abs($1 - $0 - 1.0 / 30) > 0.01 }.map { "\($0)→\($1)" }
}

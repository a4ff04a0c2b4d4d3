// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Footage

@Suite("Chunk file", .timeLimit(.minutes(3)))
struct ChunkFileTests {
    private static let name = ChunkName(camera: "door", start: UTCTime(nanoseconds: 1_795_260_000_000_000_000))

    private static func folder(_ scratch: ScratchDirectory) throws -> String {
        try scratch.makeFolder(name.folder)
        return scratch(name.folder)
    }

    private static func write(_ writes: some Sequence<MuxerWrites.Write>, to file: ChunkFile) throws {
        for write in writes { try write.bytes.withUnsafeBytes { try file.write($0, at: write.offset) } }
    }

    private static func file(in scratch: ScratchDirectory) throws(FileError) -> ChunkFile {
        let space = Space(directory: scratch.path, quota: Quota(limits: .init())) {}
        return try ChunkFile(name, in: scratch.path, id: 1, space: space, syncInterval: .seconds(60))
    }

    private static func close(_ file: ChunkFile, complete: Bool, metadata: [UInt8] = []) async -> ChunkFile.Outcome {
        await withCheckedContinuation { continuation in
            file.close(complete: complete, metadata: { metadata }, done: { continuation.resume(returning: $0) })
        }
    }

    @Test("a finished chunk holds every byte as the muxer meant it, under its final name", arguments: 1...30)
    func complete(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let scratch = try ScratchDirectory()
        let folder = try Self.folder(scratch)
        let muxer = MuxerWrites.finalised(fragments: Int.random(in: 1...8, using: &random), using: &random)
        let file = try Self.file(in: scratch)
        try Self.write(muxer.writes, to: file)
        let outcome = await Self.close(file, complete: true)
        #expect(outcome.isComplete && outcome.failure == nil)
        #expect(outcome.bytes == muxer.file.count)
        #expect(outcome.movie?.frames == muxer.indexEnds.count * 30)
        #expect(try bytes(of: "\(folder)/\(Self.name.file)") == muxer.file)
        #expect(!FileManager.default.fileExists(atPath: file.openPath))
    }

    @Test(
        "while it is written, everything up to the last fragment's index is in the file, and the first index is whole"
    )
    func growing() throws {
        let scratch = try ScratchDirectory()
        _ = try Self.folder(scratch)
        let muxer = MuxerWrites.finalised(fragments: 5, seed: 3)
        let file = try Self.file(in: scratch)
        try Self.write(muxer.writes.prefix(muxer.writesBeforeEnd), to: file)
        let beforeEnd = try bytes(of: file.openPath)
        #expect(beforeEnd == Array(muxer.file(after: muxer.writesBeforeEnd)))
        // The muxer breaks the first index before it appends the last: that must not reach the file yet.
        try Self.write(muxer.writes.dropFirst(muxer.writesBeforeEnd), to: file)
        #expect(Array(try bytes(of: file.openPath).prefix(beforeEnd.count)) == beforeEnd)
    }

    @Test("a chunk that was not completed keeps its name, cut back to its last whole fragment", arguments: 1...30)
    func incomplete(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let scratch = try ScratchDirectory()
        let folder = try Self.folder(scratch)
        let muxer = MuxerWrites.finalised(fragments: 4, using: &random)
        let count = Int.random(in: 1..<muxer.writesBeforeEnd, using: &random)
        let file = try Self.file(in: scratch)
        try Self.write(muxer.writes.prefix(count), to: file)
        let outcome = await Self.close(file, complete: false)
        #expect(!outcome.isComplete)
        let reached = muxer.file(after: count).count
        let playable = muxer.indexEnds.last { $0 <= reached } ?? 0
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/\(Self.name.file)"))
        guard playable > 0 else {
            #expect(!FileManager.default.fileExists(atPath: file.openPath), "an empty file is of no use")
            return
        }
        #expect(outcome.bytes == playable)
        #expect(try bytes(of: file.openPath).count == playable)
    }

    @Test("nobody else's file is opened or written over, under either name")
    func exclusive() async throws {
        let scratch = try ScratchDirectory()
        let folder = try Self.folder(scratch)
        try scratch.write("\(Self.name.folder)/\(Self.name.openFile)", "mine")
        #expect(throws: FileError("create the chunk", "\(folder)/\(Self.name.openFile)", code: EEXIST)) {
            _ = try Self.file(in: scratch)
        }
        try FileManager.default.removeItem(atPath: "\(folder)/\(Self.name.openFile)")
        try scratch.write(Self.name.path, "finished")
        #expect(throws: FileError("create the chunk", "\(folder)/\(Self.name.file)", code: EEXIST)) {
            _ = try Self.file(in: scratch)
        }
        #expect(try bytes(of: "\(folder)/\(Self.name.file)") == Array("finished".utf8))
    }

    @Test("a file that appears under the final name meanwhile is left alone, and the chunk is told incomplete")
    func raced() async throws {
        let scratch = try ScratchDirectory()
        let folder = try Self.folder(scratch)
        let file = try Self.file(in: scratch)
        try Self.write(MuxerWrites.finalised(fragments: 2).writes, to: file)
        try scratch.write(Self.name.path, "another's")
        let outcome = await Self.close(file, complete: true)
        #expect(!outcome.isComplete)
        #expect(outcome.failure?.code == EEXIST)
        #expect(try bytes(of: "\(folder)/\(Self.name.file)") == Array("another's".utf8))
        #expect(FileManager.default.fileExists(atPath: file.openPath))
    }

    @Test("a missing folder is told with the system's word")
    func noFolder() throws {
        let scratch = try ScratchDirectory()
        let folder = scratch(Self.name.folder)
        let failure = try thrown(FileError.self) { _ = try Self.file(in: scratch) }
        #expect("\(failure)" == "cannot open the folder \(folder): No such file or directory")
    }

    @Test("a patch over what was written and what still waits reaches both")
    func patchAcross() async throws {
        let scratch = try ScratchDirectory()
        let folder = try Self.folder(scratch)
        var muxer = MuxerWrites()
        muxer.append(box("ftyp"))
        muxer.append(movieBox(frames: 0, duration: 0))
        let media = muxer.file.count
        muxer.append(box("mdat", [UInt8](repeating: 1, count: 100)))
        muxer.append(box("moof", [UInt8](repeating: 2, count: 50)))
        let written = muxer.file.count
        muxer.append(box("mdat", [UInt8](repeating: 3, count: 100)))
        muxer.patch(written - 20, [UInt8](repeating: 9, count: 40))
        muxer.patch(written, box("mdat", [UInt8](repeating: 4, count: 100)))
        muxer.append(movieBox(frames: 30, duration: 90_000))
        #expect(media < written)
        let file = try Self.file(in: scratch)
        try Self.write(muxer.writes, to: file)
        #expect(await Self.close(file, complete: true).isComplete)
        #expect(try bytes(of: "\(folder)/\(Self.name.file)") == muxer.file)
    }

    @Test("a chunk whose final index cannot be read is cut back, and not called complete")
    func unreadableIndex() async throws {
        let scratch = try ScratchDirectory()
        let folder = try Self.folder(scratch)
        var muxer = MuxerWrites()
        muxer.append(box("ftyp"))
        muxer.append(movieBox(frames: 0, duration: 0))
        let first = muxer.file
        muxer.append(box("mdat", [UInt8](repeating: 1, count: 100)))
        muxer.append(box("moof", [UInt8](repeating: 2, count: 50)))
        let playable = muxer.file
        muxer.patch(first.count - 40, [UInt8](repeating: 0, count: 4))
        muxer.append(box("moov"))
        let file = try Self.file(in: scratch)
        try Self.write(muxer.writes, to: file)
        let outcome = await Self.close(file, complete: true)
        #expect(!outcome.isComplete && outcome.failure != nil)
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/\(Self.name.file)"))
        // The held patch would have broken what plays.
        #expect(try bytes(of: file.openPath).starts(with: playable))
    }

    @Test("what is no muxer's output is refused, again and again")
    func garbage() throws {
        let scratch = try ScratchDirectory()
        _ = try Self.folder(scratch)
        let file = try Self.file(in: scratch)
        let garbage: [UInt8] = [0, 0, 0, 3, 1, 2, 3, 4]
        for _ in 0..<2 {
            #expect(throws: FileError("understand the muxer's output in", file.openPath, code: EILSEQ)) {
                try garbage.withUnsafeBytes { try file.write($0, at: 0) }
            }
        }
    }

    @Test("a complete chunk is closed in the order that a power cut cannot hurt")
    func order() async throws {
        let scratch = try ScratchDirectory()
        let folder = try Self.folder(scratch).replacingOccurrences(of: scratch.path, with: "")
        _ = folder
        let start = ChunkName(camera: "front-door", start: UTCTime(nanoseconds: 0))
        try scratch.makeFolder(start.folder)
        let traced = try await run(
            "strace",
            "-f",
            "-qq",
            "-e",
            "trace=pwrite64,fdatasync,fsync,renameat2,rename,close",
            "-o",
            scratch("trace"),
            Product.program("TestProbe"),
            "chunk",
            scratch.path
        )
        #expect(traced.output == "true\n", "\(traced.output) \(traced.errors)")
        let trace = String(decoding: try bytes(of: scratch("trace")), as: UTF8.self)
        let calls = trace.split(separator: "\n").compactMap { line in
            line.firstMatch(of: #/(pwrite64|fdatasync|fsync|renameat2)\((\d+)/#).map { (String($0.1), String($0.2)) }
        }
        let rename = try #require(calls.firstIndex { $0.0 == "renameat2" })
        let sync = try #require(calls.firstIndex { $0.0 == "fdatasync" })
        let file = calls[sync].1
        let names = calls.map { $0.1 == file ? $0.0 : "\($0.0) of the folder" }
        // Fragments, the last of them with the final index; then what a finished file needs, each step durable: two
        // patches that were held back, and the metadata.
        #expect(names[..<sync].allSatisfy { $0 == "pwrite64" })
        #expect(
            Array(names[sync...rename])
                == ["fdatasync", "pwrite64", "pwrite64", "pwrite64", "fsync", "renameat2 of the folder"]
        )
        #expect(names.count > rename + 1 && names[rename + 1] == "fsync of the folder")
    }
}

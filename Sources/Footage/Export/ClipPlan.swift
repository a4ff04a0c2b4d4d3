// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import ISOBaseMedia

/// A clip before any of its media is read: its beginning, how long it is, and where the rest comes from.
package struct ClipPlan: Sendable {
    /// What one chunk gives.
    struct Piece: Sendable {
        let chunk: Chunk
        /// Which of the clip's chunks it is.
        let number: Int
        /// Places in the chunk's file, in order; what lies side by side is one.
        let ranges: [Range<UInt64>]

        init(_ samples: ArraySlice<MediaSample>, of chunk: Chunk, number: Int) {
            (self.chunk, self.number) = (chunk, number)
            var ranges: [Range<UInt64>] = []
            for sample in samples where sample.size > 0 {
                if let last = ranges.last, last.upperBound == sample.offset {
                    ranges[ranges.count - 1] = last.lowerBound..<sample.range.upperBound
                } else {
                    ranges.append(sample.range)
                }
            }
            self.ranges = ranges
        }
    }

    let head: [UInt8]
    let pieces: [Piece]
    let directory: String
    package let summary: Clip.Summary

    /// The whole file, in bytes.
    package var byteCount: Int { Int(summary.bytes) }

    /// A chunk's file, which may be finished while it is looked for.
    static func open(_ chunk: Chunk, in directory: String) throws(FileError) -> RandomAccessFile {
        guard chunk.state == .open else { return try RandomAccessFile("\(directory)/\(chunk.path)") }
        do throws(FileError) { return try RandomAccessFile("\(directory)/\(chunk.openPath)") } catch {
            guard error.code == ENOENT else { throw error }
            return try RandomAccessFile("\(directory)/\(chunk.path)")
        }
    }
}

/// Bytes that come part by part, each read when it is asked for; what it says blocks.
package protocol PartSource: Sendable {
    /// `nil` at the end.
    mutating func next() throws -> [UInt8]?
}

/// Reads the file that a ``ClipPlan`` is for, from its beginning to its end.
package struct ClipReader: PartSource {
    private static let partSize: UInt64 = 256 << 10

    private let plan: ClipPlan
    private var isBegun = false
    private var piece = 0
    private var range = 0
    /// How far it is in that range.
    private var done: UInt64 = 0
    private var file: RandomAccessFile?
    /// The number of the chunk that the last part was the end of.
    package private(set) var finishedChunk: Int?

    package init(_ plan: ClipPlan) { self.plan = plan }

    /// - Throws: ``Clip/Failure`` if a chunk has become shorter than its table says, and ``FileError``.
    package mutating func next() throws -> [UInt8]? {
        finishedChunk = nil
        guard isBegun else {
            isBegun = true
            return plan.head
        }
        guard piece < plan.pieces.count else { return nil }
        let from = plan.pieces[piece]
        let file = try file ?? ClipPlan.open(from.chunk, in: plan.directory)
        self.file = file
        let rest = from.ranges[range].lowerBound + done..<from.ranges[range].upperBound
        let part = rest.lowerBound..<min(rest.upperBound, rest.lowerBound + Self.partSize)
        let bytes = try file.read(part)
        guard bytes.count == part.count else {
            throw Clip.Failure(description: "\(file.path) ends before its last frame: is it damaged?")
        }
        done += UInt64(part.count)
        if part.upperBound == rest.upperBound { (range, done) = (range + 1, 0) }
        if range == from.ranges.count {
            finishedChunk = from.number
            (piece, range, self.file) = (piece + 1, 0, nil)
        }
        return bytes
    }
}

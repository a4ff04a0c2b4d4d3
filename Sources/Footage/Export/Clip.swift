// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import ISOBaseMedia

/// A span of a camera's footage as one MP4 file, from one chunk or many, without encoding anything anew.
///
/// It begins with the keyframe at the span's beginning or before it, and ends before the first keyframe at the span's end
/// or after it. What is missing in between is left out: the picture goes on at once.
package struct Clip: Sendable {
    /// What was written.
    package struct Summary: Equatable, Sendable {
        package var chunks = 0
        package var frames = 0
        package var duration = Duration.zero
        /// Time of the first frame.
        package var start: UTCTime?
        /// Time of the last frame.
        package var end: UTCTime?
        /// Size of the file in bytes.
        package var bytes: Int64 = 0
        /// Chunks that could not be read, and why.
        package var skipped: [String] = []
    }

    /// Why there is no clip, in words for the user.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    private let directory: String
    private let showings: [Showing]
    private let span: Range<UTCTime>

    /// Of what is to be shown of one camera in the span, in the order of time; the chunk that is being written may be
    /// among it.
    package init(_ showings: [Showing], in directory: String, span: Range<UTCTime>) {
        (self.showings, self.directory, self.span) = (showings, directory, span)
    }

    /// Every file has a timescale of its own; RTP's divides all frame rates that cameras have.
    private static let timescale: UInt32 = 90_000

    /// Writes the file under a name of its own ending in `.part`, makes it durable, and gives it its name; never over another
    /// file.
    ///
    /// `progress` is told the chunks that are done, of how many. Blocks.
    package func write(to path: String, progress: (Int, Int) -> Void = { _, _ in }) throws -> Summary {
        guard access(path, F_OK) != 0 else { throw FileError("write", path, code: EEXIST) }
        let part = "\(path).\(getpid()).part"
        let file = try NewFile(part)
        do {
            let plan = try plan()
            var reader = ClipReader(plan)
            var offset: UInt64 = 0
            while let bytes = try reader.next() {
                try file.write(bytes, at: offset)
                offset += UInt64(bytes.count)
                if let done = reader.finishedChunk { progress(done + 1, showings.count) }
            }
            try file.finish(as: path)
            return plan.summary
        } catch {
            // The first error is the one to tell.
            unlink(part)
            throw error
        }
    }

    /// What the file is going to be, from the chunks' sample tables alone.
    ///
    /// Blocks.
    ///
    /// - Throws: ``Failure`` if there is nothing to put into it.
    package func plan() throws -> ClipPlan {
        var summary = Summary()
        var writer: MovieWriter?
        var pieces: [ClipPlan.Piece] = []
        var time: UInt64 = 0
        for (index, showing) in showings.enumerated() {
            let chunk = showing.chunk
            let table: SampleTable
            do { table = try self.table(of: try ClipPlan.open(chunk, in: directory), chunk) } catch {
                // One bad file never costs the others. One that is being written may hold nothing yet.
                if chunk.state != .open { summary.skipped.append("\(error)") }
                continue
            }
            let wanted = (span.lowerBound - chunk.start)..<(span.upperBound - chunk.start)
            let samples = showing.samples(of: table, covering: wanted)
            guard let first = samples.first else { continue }
            let start = chunk.start + table.presentationTime(of: first)
            var movie = writer ?? MovieWriter(timescale: Self.timescale, created: start.nanoseconds)
            writer = nil
            let entry = try movie.add(table.description)
            let base = table.samples[first].decodeTime
            for sample in table.samples[samples] {
                var copy = sample
                copy.description += entry
                copy.decodeTime = time + Self.rescale(sample.decodeTime - base, from: table.timescale)
                let end = time + Self.rescale(sample.decodeTime - base + UInt64(sample.duration), from: table.timescale)
                copy.duration = UInt32(clamping: end - copy.decodeTime)
                copy.compositionOffset = Int32(
                    clamping: Int64(sample.compositionOffset) * Int64(Self.timescale) / Int64(table.timescale)
                )
                movie.samples.append(copy)
            }
            pieces.append(ClipPlan.Piece(table.samples[samples], of: chunk, number: index))
            if let last = movie.samples.last { time = last.decodeTime + UInt64(last.duration) }
            writer = movie
            summary.chunks += 1
            summary.frames += samples.count
            summary.start = summary.start ?? start
            summary.end = chunk.start + table.presentationTime(of: samples.upperBound - 1)
        }
        guard let writer else {
            throw Failure(description: summary.skipped.first ?? "nothing was recorded in that time")
        }
        summary.duration = .nanoseconds(Int64(time) * 1_000_000_000 / Int64(Self.timescale))
        let head = try MovieFile.head(of: writer)
        summary.bytes = Int64(head.count) + writer.samples.reduce(0) { $0 + Int64($1.size) }
        return ClipPlan(head: head, pieces: pieces, directory: directory, summary: summary)
    }

    private func table(of file: RandomAccessFile, _ chunk: Chunk) throws -> SampleTable {
        do throws(ReadError<FileError>) { return try SampleTable(file) } catch {
            switch error {
            case .source(let failure): throw failure
            case .malformed(let malformed): throw Failure(description: "\(file.path) is damaged: \(malformed)")
            case .noMovie: throw Failure(description: "\(file.path) holds no frame yet")
            }
        }
    }

    private static func rescale(_ ticks: UInt64, from timescale: UInt32) -> UInt64 {
        let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: UInt64(timescale))
        return seconds * UInt64(Self.timescale) + rest * UInt64(Self.timescale) / UInt64(timescale)
    }
}

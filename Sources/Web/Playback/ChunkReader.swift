// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Footage
internal import GLib
internal import ISOBaseMedia
internal import Synchronization

/// Reads chunks for players: segments of their samples, made as they are asked for.
///
/// Reading waits for a disk, so it is done on threads of its own.
final class ChunkReader: Sendable {
    /// What players need to know of a chunk before they ask for any of it.
    struct Piece: Sendable {
        let showing: Showing
        let table: SampleTable

        var chunk: Chunk { showing.chunk }
    }

    /// Tables of finished chunks, which never change; one of ten minutes takes about a megabyte.
    private let tables = Mutex<[(id: Int64, path: String, table: SampleTable)]>([])
    private static let tableLimit = 32
    private let queue = DispatchQueue(label: "chunk-reader", attributes: .concurrent)

    /// - Throws: ``Problem`` if the chunk cannot be read; `nil` if it holds no frame yet.
    func piece(_ showing: Showing, in directory: String) async throws -> Piece? {
        try await onQueue {
            try self.table(of: showing.chunk, in: directory).map { Piece(showing: showing, table: $0.table) }
        }
    }

    func initialisation(of chunk: Chunk, in directory: String) async throws -> [UInt8]? {
        try await onQueue { try self.table(of: chunk, in: directory).map { SegmentWriter($0.table).initialisation } }
    }

    /// The frames of a span that counts from the chunk's beginning, from the keyframe at its beginning or before it;
    /// `nil` if there are none.
    func segment(
        of chunk: Chunk,
        in directory: String,
        span: Range<Duration>,
        keyframesAlone: Bool
    ) async throws -> SegmentParts? {
        try await onQueue { [queue] in
            guard let (file, table) = try self.table(of: chunk, in: directory) else { return nil }
            let samples = Self.samples(of: table, span, keyframesAlone)
            guard let last = samples.last else { return nil }
            let head = SegmentWriter(table).head(
                of: samples,
                lasting: keyframesAlone ? table.keyframes.first { $0 > last } ?? table.frames : nil
            )
            return SegmentParts(head, samples.map { table.samples[$0].range }, of: file, on: queue)
        }
    }

    /// Frames by their numbers in the chunk, with times that count as in the chunk's run; `nil` if it has not that many.
    func segment(of chunk: Chunk, in directory: String, frames: Range<Int>) async throws -> SegmentParts? {
        try await onQueue { [queue] in
            guard let (file, table) = try self.table(of: chunk, in: directory), frames.upperBound <= table.frames,
                let first = frames.first, table.samples[first].isSync
            else { return nil }
            let start = UInt64(max(0, chunk.mediaTime)).ticks(of: table.timescale)
            let head = SegmentWriter(table).head(of: Array(frames), start: start)
            return SegmentParts(head, frames.map { table.samples[$0].range }, of: file, on: queue)
        }
    }

    /// A chunk's index without its media, and how many bytes the file has; `nil` if it holds no frame yet.
    func index(of chunk: Chunk, in directory: String) async throws -> (index: [UInt8], bytes: UInt64)? {
        try await onQueue {
            guard let (file, table) = try self.table(of: chunk, in: directory), !table.samples.isEmpty else {
                return nil
            }
            return (try table.index(created: chunk.start.nanoseconds), try file.byteCount())
        }
    }

    /// SHA-256 of frames by their numbers; `nil` if it has not that many.
    func hashes(of chunk: Chunk, in directory: String, frames: Range<Int>) async throws -> [String]? {
        try await onQueue {
            guard let (file, table) = try self.table(of: chunk, in: directory), frames.upperBound <= table.frames else {
                return nil
            }
            return try frames.map { FrameHashes.hash(try file.read(table.samples[$0].range)) }
        }
    }

    /// One keyframe of a chunk, as a file of its own.
    struct Keyframe: Sendable {
        let number: Int
        /// When it is shown, from the chunk's beginning.
        let time: Duration
        /// Of the picture, in pixels.
        let width: Int
        let file: [UInt8]
    }

    /// The last keyframe at a time or before it, counted from the chunk's beginning, or else the first.
    ///
    /// Without a time the last there is; `nil` if there is none.
    func keyframe(of chunk: Chunk, in directory: String, at time: Duration?) async throws -> Keyframe? {
        try await onQueue {
            guard let (file, table) = try self.table(of: chunk, in: directory), let first = table.keyframes.first,
                let last = table.keyframes.last
            else { return nil }
            let number = time.map { table.keyframe(atOrBefore: $0) ?? first } ?? last
            let writer = SegmentWriter(table)
            let bytes = try file.read(table.samples[number].range)
            return Keyframe(
                number: number,
                time: table.presentationTime(of: number),
                width: table.width,
                file: writer.initialisation + writer.head(of: [number]) + bytes
            )
        }
    }

    private static func samples(of table: SampleTable, _ span: Range<Duration>, _ keyframesAlone: Bool) -> [Int] {
        let groups = table.groups(covering: span)
        if keyframesAlone { return table.keyframes.filter(groups.contains) }
        // Up to the span's end, not to that of its last group: what follows is asked for next.
        return groups.prefix { table.presentationTime(of: $0) < span.upperBound }.map(\.self)
    }

    private func table(of chunk: Chunk, in directory: String) throws -> (file: RandomAccessFile, table: SampleTable)? {
        let file = try open(chunk, in: directory)
        if chunk.state != .open, let known = tables.withLock({ $0.first { $0.id == chunk.id && $0.path == file.path } })
        {
            return (file, known.table)
        }
        let table: SampleTable
        do throws(ReadError<FileError>) { table = try SampleTable(file) } catch {
            switch error {
            case .noMovie: return nil
            case .source(let failure):
                Log.write(.warning, "\(failure)", budget: "web")
                throw Problem(503, "the file of chunk \(chunk.id) cannot be read")
            case .malformed(let malformed): throw Problem(503, "\(chunk.path) is damaged: \(malformed)")
            }
        }
        if table.isFinished {
            tables.withLock { tables in
                if tables.count >= Self.tableLimit { tables.removeFirst() }
                tables.append((chunk.id, file.path, table))
            }
        }
        return (file, table)
    }

    private func open(_ chunk: Chunk, in directory: String) throws(Problem) -> RandomAccessFile {
        var failure: FileError?
        // The one that is being written may be finished by now.
        for path in chunk.state == .open ? [chunk.openPath, chunk.path] : [chunk.path] {
            do throws(FileError) { return try RandomAccessFile("\(directory)/\(path)") } catch { failure = error }
        }
        Log.write(.warning, failure.map { "\($0)" } ?? "there is no file of a chunk", budget: "web")
        throw Problem(404, "the file of chunk \(chunk.id) cannot be opened")
    }

    /// Runs what waits or takes long.
    func onQueue<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { done in
            queue.async { done.resume(with: Swift.Result { try body() }) }
        }
    }
}

extension UInt64 {
    /// Nanoseconds in units of a timescale.
    fileprivate func ticks(of timescale: UInt32) -> UInt64 {
        let (seconds, rest) = quotientAndRemainder(dividingBy: 1_000_000_000)
        return seconds * UInt64(timescale) + (rest * UInt64(timescale) + 500_000_000) / 1_000_000_000
    }
}

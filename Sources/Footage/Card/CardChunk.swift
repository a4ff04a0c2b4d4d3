// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
package import ISOBaseMedia

/// A chunk of footage from a camera's card while it is being written, group of pictures by group of pictures, by the same
/// durable way as a live one.
///
/// It is a run of its own, since its place on the clock is known by what lies beside it alone. A crash leaves the groups
/// that had come; the rest is fetched by another chunk.
package final class CardChunk: Sendable {
    /// What the chunk is to hold.
    package struct Content: Sendable {
        package let camera: String
        /// The camera's run, and the start of the camera that its media time counts in.
        package let source: String
        package let boot: String
        /// Of the first frame, in the camera's media time.
        package let mediaTime: Int64
        /// How that maps to the wall clock.
        package let clock: RunClock.Mapping
        /// The frames, where they lie on the card.
        package let table: SampleTable
        /// What it stands in the place of.
        package let cuts: [Cut]

        package init(
            camera: String,
            source: String,
            boot: String,
            mediaTime: Int64,
            clock: RunClock.Mapping,
            table: SampleTable,
            cuts: [Cut]
        ) {
            (self.camera, self.source, self.boot, self.mediaTime) = (camera, source, boot, mediaTime)
            (self.clock, self.table, self.cuts) = (clock, table, cuts)
        }

        package var start: UTCTime { clock.wallTime(of: mediaTime) }
    }

    private let store: ChunkStore
    private let content: Content
    private let chunk: Chunk
    private let run: Run
    private let file: ChunkFile
    private let writer: Writer
    /// Writing waits for a disk.
    private let queue = DispatchQueue(label: "card-chunk", qos: .utility)

    /// Where writing has come to.
    // The queue's; looked at from elsewhere only once what was appended has been waited for.
    private final class Writer: @unchecked Sendable {
        var piecewise: PiecewiseFile
        var length: UInt64 = 0

        init(_ piecewise: PiecewiseFile) { self.piecewise = piecewise }
    }

    /// Begins it: its file, and its row in the index.
    package static func begin(_ content: Content, in store: ChunkStore) async throws -> CardChunk {
        let turn = try await store.index.turn(of: content.camera, at: content.start)
        let run = Run(
            identity: makeIdentity(),
            camera: content.camera,
            boot: content.boot,
            clock: content.clock,
            source: content.source
        )
        var (chunk, file) = try await store.offQueue {
            try store.create(content.camera, start: content.start, mediaTime: content.mediaTime, sequence: 0)
        }
        (chunk.origin, chunk.turn) = (.card, turn ?? chunk.id)
        chunk.run = await store.begin(run)
        await store.opened(chunk)
        let card = CardChunk(content, chunk, run, file, store)
        await store.persist("what a chunk stands in the place of") {
            try await $0.cut(content.cuts, for: card.chunk.id)
        }
        do {
            try await card.onQueue { card in
                let head = card.writer.piecewise.head()
                try card.write(head)
            }
        } catch {
            // The first error is the one to tell.
            _ = try? await card.finish()
            throw error
        }
        return card
    }

    private init(_ content: Content, _ chunk: Chunk, _ run: Run, _ file: ChunkFile, _ store: ChunkStore) {
        (self.content, self.chunk, self.run, self.file, self.store) = (content, chunk, run, file, store)
        writer = Writer(PiecewiseFile(content.table, created: content.start.nanoseconds))
    }

    /// The chunk's file, relative to the store's directory.
    package var path: String { chunk.path }

    /// A frame that did not come as it was said to be.
    package struct Mismatch: Error {
        /// Which of those that were to be appended.
        package let frame: Int
    }

    /// Takes the next frames' bytes, which are to have these hashes (``FrameHashes``).
    ///
    /// - Throws: ``Mismatch`` if one has not, then none is taken; ``FileError`` if the disk has no room, or fails.
    package func append(_ frames: [[UInt8]], hashes: [String]) async throws {
        try await onQueue { card in
            for (index, frame) in frames.enumerated() where FrameHashes.hash(frame) != hashes[index] {
                throw Mismatch(frame: index)
            }
            let first = card.writer.piecewise.frames
            let samples = card.content.table.samples[first..<first + frames.count]
            let head = card.writer.piecewise.fragment(of: Array(samples))
            try card.write(head + frames.joined())
        }
    }

    /// Ends it with what came; returns the chunk, which is durable then, or `nil` if nothing is left of it.
    ///
    /// - Throws: why it could not be finished: the next start makes it whole.
    package func finish() async throws -> Chunk? {
        if writer.piecewise.frames > 0 {
            do { try await onQueue { try $0.writeEnd() } } catch {
                store.journal.error("chunk \(chunk.path) is cut short: \(error)", camera: chunk.camera)
            }
        }
        let outcome = await close()
        var chunk = chunk
        if let movie = outcome.movie, outcome.isComplete {
            chunk.state = .complete
            (chunk.frames, chunk.duration) = (movie.frames, movie.length)
            (chunk.bytes, chunk.allocated) = (outcome.bytes, outcome.allocated)
            await store.finished(chunk)
            // What did not come stands in nobody's place.
            let (id, length) = (chunk.id, chunk.duration)
            await store.persist("what a chunk stands in the place of") { try await $0.clampCuts(for: id, to: length) }
            return chunk
        }
        if outcome.bytes == 0 || writer.piecewise.frames == 0 {
            try await store.offQueue { [path = "\(store.directory)/\(chunk.openPath)"] in
                try ChunkRepair.discardOpen(path)
            }
            await store.discarded(chunk)
            return nil
        }
        do { return try await store.mend(chunk, of: run) } catch {
            store.leave(chunk, allocated: outcome.allocated)
            throw error
        }
    }

    /// Gives up waiting for room.
    package func interrupt() { file.interrupt(true) }

    private func close() async -> ChunkFile.Outcome {
        let written = content.table.part(0..<writer.piecewise.frames).length
        let cuts = content.cuts.compactMap { $0.clamped(to: written) }
        let metadata = ChunkMetadata(of: chunk, run: run, store: store.identity, cuts: cuts).box
        return await withCheckedContinuation { done in
            queue.async { [self] in
                file.close(complete: writer.piecewise.frames > 0, metadata: { metadata }) { done.resume(returning: $0) }
            }
        }
    }

    /// The final index, and what makes it the only one: see ``PiecewiseFile``.
    private func writeEnd() throws {
        let end = try writer.piecewise.end()
        try write(end.appended)
        try end.patch.bytes.withUnsafeBytes { try file.write($0, at: end.patch.offset) }
    }

    private func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try file.write($0, at: writer.length) }
        writer.length += UInt64(bytes.count)
    }

    private func onQueue(_ work: @escaping @Sendable (CardChunk) throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            queue.async { [self] in done.resume(with: Result { try work(self) }) }
        }
    }
}

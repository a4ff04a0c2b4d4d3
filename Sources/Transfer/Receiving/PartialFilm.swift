// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import Glibc
internal import ISOBaseMedia

/// One of our own chunks that came as a file, of which some may have come live.
struct PartialFilm {
    let metadata: ChunkMetadata
    private let file: RandomAccessFile
    private let table: SampleTable

    enum Taken {
        /// None of it was here: it is to be taken as it is.
        case whole
        /// All of it was here.
        case nothing
        case parts([Chunk], frames: Int)
    }

    /// `nil` for one that does not say when it was filmed.
    init?(_ film: FilmFile, _ file: RandomAccessFile) {
        guard let metadata = film.metadata, metadata.clock != .unsynchronised, let table = try? SampleTable(file) else {
            return nil
        }
        (self.metadata, self.file, self.table) = (metadata, file, table)
    }

    private var source: String { metadata.source ?? metadata.run }

    /// Takes what is lacking.
    ///
    /// - Throws: ``FileError``, with `EINTR` once it is to stop: what was taken stays, and is not taken again.
    func take(into store: ChunkStore, _ stopper: Stopper) async throws -> Taken {
        let reach = FrameAlignment.largestOffset
        let span = metadata.start - reach..<metadata.start + table.length + reach
        let chunks = try await store.index.chunks(camera: metadata.camera, from: span.lowerBound, to: span.upperBound)
        let fetched = try await store.index.fetched(ofRun: source).map(\.span)
        let subject = CardComparison.Subject(
            table: table,
            mediaTime: metadata.mediaTime,
            start: metadata.start,
            isFinished: true
        )
        let live = CardComparison.Live.read(chunks, in: store.directory)
        let comparison = CardComparison(of: subject, live: live, fetched: fetched, unwanted: [], limit: .max)
        let count = comparison.lacks.reduce(0) { $0 + $1.frames.count }
        if count == 0 { return .nothing }
        if count == table.frames, comparison.lacks.allSatisfy({ $0.cuts.isEmpty }) { return .whole }
        var taken: [Chunk] = []
        for lack in comparison.lacks {
            if let chunk = try await take(lack, into: store, stopper) { taken.append(chunk) }
        }
        return .parts(taken, frames: count)
    }

    private func take(_ lack: CardComparison.Lack, into store: ChunkStore, _ stopper: Stopper) async throws -> Chunk? {
        let part = table.part(lack.frames)
        let media = metadata.mediaTime + table.time(of: lack.frames.lowerBound)
        let content = CardChunk.Content(
            camera: metadata.camera,
            source: source,
            boot: metadata.boot,
            mediaTime: media,
            clock: RunClock.Mapping(offset: lack.start.nanoseconds - media, state: metadata.clock),
            table: part,
            cuts: lack.cuts
        )
        let chunk = try await CardChunk.begin(content, in: store)
        do {
            for (first, end) in zip(part.keyframes, part.keyframes.dropFirst() + [part.frames]) {
                if stopper.isStopped { throw FileError("read", file.path, code: EINTR) }
                let frames = try part.samples[first..<end].map { try file.read($0.range) }
                // The file as a whole was held to its digest already.
                try await chunk.append(frames, hashes: frames.map { FrameHashes.hash($0) })
            }
        } catch {
            // What was taken stays; the first error is the one to tell.
            _ = try? await chunk.finish()
            throw error
        }
        return try await chunk.finish()
    }
}

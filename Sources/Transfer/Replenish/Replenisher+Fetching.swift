// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib
internal import ISOBaseMedia

/// How it comes.
extension Replenisher {
    func fetch(_ work: Work, _ listing: CardListing, _ card: any Card, _ store: ChunkStore) async throws {
        progress.state = .fetching
        do {
            for lack in work.lacks {
                try Task.checkCancellation()
                try await fetch(lack, of: work, card, store)
            }
        } catch let fault as CardFault {
            return refuse(work.entry.id, "\(fault)", for: Self.refusal)
        } catch let refusal as CardRefusal {
            return refuse(work.entry.id, "\(refusal)", for: Self.shortRefusal)
        }
        guard var wait = waits[work.entry.id] else { return }
        // All there was at the time is here now; a finished chunk is compared once more, with what came of it.
        wait.run = feed.run?.number ?? 0
        waits[work.entry.id] = wait.isOpen ? wait : nil
        caller.yield()
    }

    func fetch(
        _ lack: CardComparison.Lack,
        of work: Work,
        _ card: any Card,
        _ store: ChunkStore
    ) async throws {
        let (entry, table) = (work.entry, work.table)
        let media = entry.mediaTime + table.time(of: lack.frames.lowerBound)
        let part = table.part(lack.frames)
        let content = CardChunk.Content(
            camera: feed.camera,
            source: entry.run,
            boot: entry.boot,
            mediaTime: media,
            clock: RunClock.Mapping(offset: lack.start.nanoseconds - media, state: work.clock),
            table: part,
            cuts: lack.cuts
        )
        let groups = zip(part.keyframes, part.keyframes.dropFirst() + [part.frames]).map { $0..<$1 }
        guard groups.allSatisfy({ part.bytes(of: $0) <= Self.largestGroup }) else {
            throw CardFault("chunk \(entry.id) of the card has a group of pictures that is too large")
        }
        let result: Result<Void, any Error>
        do {
            try await transfer(groups, of: part, from: lack.frames.lowerBound, entry, card) { frames, hashes in
                // Not before there is something to be written.
                let chunk: CardChunk
                if let writing { chunk = writing } else { chunk = try await CardChunk.begin(content, in: store) }
                writing = chunk
                try await chunk.append(frames, hashes: hashes)
            }
            result = .success(())
        } catch { result = .failure(error) }
        let chunk = writing
        writing = nil
        // What has come stays, whatever became of the rest.
        if let done = try await chunk?.finish() {
            let seconds = (done.duration / .seconds(1) * 10).rounded() / 10
            Log.notice(
                "fetched from the camera's card: \(done.frames) frames, \(seconds) s from \(done.start.rfc3339)",
                camera: feed.camera
            )
        }
        try result.get()
    }

    func transfer(
        _ groups: [Range<Int>],
        of part: SampleTable,
        from first: Int,
        _ entry: CardListing.Entry,
        _ card: any Card,
        _ append: @MainLoop ([[UInt8]], [String]) async throws -> Void
    ) async throws {
        var intake = FrameIntake(part)
        var rest = groups[...]
        while !rest.isEmpty {
            // As many groups as hashes are asked for at once.
            var count = 0
            let batch = rest.prefix { group in
                defer { count += group.count }
                return count == 0 || count + group.count <= Self.hashed
            }
            rest = rest.dropFirst(batch.count)
            guard let begin = batch.first?.lowerBound, let end = batch.last?.upperBound else { break }
            let hashes = try await card.hashes(of: entry.id, frames: first + begin..<first + end)
            guard hashes.count == end - begin else { throw CardFault("chunk \(entry.id) of the card lacks hashes") }
            let range = part.samples[begin].offset..<part.samples[end - 1].range.upperBound
            guard range.count > 0 else { throw CardFault("chunk \(entry.id) of the card has frames in no order") }
            intake.begin(at: range.lowerBound)
            var waiting = batch
            try await card.read(range, of: entry.id) { bytes in
                try await pace.take(bytes.count)
                progress.rate = pace.rate
                intake.take(bytes)
                while let group = waiting.first, let frames = intake.frames(of: group) {
                    waiting = waiting.dropFirst()
                    let expected = hashes[group.lowerBound - begin..<group.upperBound - begin]
                    do { try await append(frames, Array(expected)) } catch let wrong as CardChunk.Mismatch {
                        let number = first + group.lowerBound + wrong.frame
                        throw CardFault("frame \(number) of chunk \(entry.id) did not come as the card has it")
                    }
                    progress.fetchedFrames += group.count
                    progress.fetchedBytes += Int64(frames.reduce(0) { $0 + $1.count })
                    progress.lackingFrames = max(0, progress.lackingFrames - group.count)
                    progress.lackingBytes = max(0, progress.lackingBytes - Int64(part.bytes(of: group)))
                }
            }
            guard waiting.isEmpty else { throw CardFault("chunk \(entry.id) of the card ends early") }
        }
    }

    static let hashed = 2000
}

extension SampleTable {
    fileprivate func bytes(of samples: Range<Int>) -> Int { self.samples[samples].reduce(0) { $0 + Int($1.size) } }
}

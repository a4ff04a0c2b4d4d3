// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib
internal import GStreamer
internal import ISOBaseMedia

/// What of one chunk on the card is lacking.
extension Replenisher {
    /// A chunk of which something is lacking.
    struct Work {
        let entry: CardListing.Entry
        let table: SampleTable
        let lacks: [CardComparison.Lack]
        /// How well the camera's time is known.
        let clock: RunClock.State

        var frames: Int { lacks.reduce(0) { $0 + $1.frames.count } }
        var length: Duration { lacks.reduce(.zero) { $0 + table.part($1.frames).length } }
        var bytes: Int64 {
            lacks.reduce(0) { sum, lack in sum + table.samples[lack.frames].reduce(0) { $0 + Int64($1.size) } }
        }
    }

    /// When a chunk's first frame was filmed, by this store's clock, and how well that is known.
    func start(
        of entry: CardListing.Entry,
        _ store: ChunkStore
    ) async throws -> (time: UTCTime, clock: RunClock.State) {
        let clock = RunClock.State(rawValue: entry.clock) ?? .unsynchronised
        if clock != .unsynchronised { return (UTCTime(nanoseconds: entry.start), .captured) }
        // A camera that did not know the time: since its start it has counted seconds all the same.
        guard let offset = try await store.index.offset(ofBoot: entry.boot) else {
            return (UTCTime(nanoseconds: entry.start), .unsynchronised)
        }
        let (time, overflows) = entry.mediaTime.addingReportingOverflow(offset)
        if overflows { throw CardFault("chunk \(entry.id) of the card has an impossible time") }
        return (UTCTime(nanoseconds: time), .restamped)
    }

    /// `nil` if nothing is lacking; then ``waits`` says whether that is the last word.
    func compare(
        _ entry: CardListing.Entry,
        _ run: Int,
        _ listing: CardListing,
        _ card: any Card,
        _ store: ChunkStore
    ) async throws -> Work? {
        let isOpen = entry.state == Chunk.State.open.rawValue
        waits[entry.id] = Wait(run: run, isOpen: isOpen)
        do {
            guard let found = try await card.index(of: entry.id) else {
                if isOpen { return nil }
                throw CardRefusal("chunk \(entry.id) of the card is finished, and holds no frame")
            }
            let (start, clock) = try await start(of: entry, store)
            let table = try await check(entry, found.index, found.bytes, start, store)
            let span = start - FrameAlignment.largestOffset..<start + table.length + FrameAlignment.largestOffset
            let chunks = try await store.index.chunks(
                camera: feed.camera,
                from: span.lowerBound,
                to: span.upperBound
            )
            let fetched = try await store.index.fetched(ofRun: entry.run).map(\.span)
            let unwanted = try await store.index.gaps(camera: feed.camera, from: span.lowerBound, to: span.upperBound)
                .filter(\.isWanted).map { $0.start..<max($0.end ?? .now, $0.start) }
            let subject = CardComparison.Subject(
                table: table,
                mediaTime: entry.mediaTime,
                start: start,
                isFinished: !isOpen
            )
            let limit = listing.mediaTime - Self.settling.inNanoseconds
            let comparison = try await onQueue { [directory = store.directory] in
                CardComparison(
                    of: subject,
                    live: CardComparison.Live.read(chunks, in: directory),
                    fetched: fetched,
                    unwanted: unwanted,
                    limit: limit
                )
            }
            waits[entry.id]?.unfinished = comparison.unfinished
            if clock == .restamped, let offset = comparison.offset {
                // What nothing lies beside is dated like what came live.
                let exact = start.nanoseconds + offset.inNanoseconds - entry.mediaTime
                try await store.index.setOffset(ofBoot: entry.boot, feed.camera, to: exact)
            }
            let isSettled = !isOpen && comparison.unfinished.isEmpty && comparison.undecided == 0
            if comparison.lacks.isEmpty {
                if isSettled { waits[entry.id] = nil }
                return nil
            }
            return Work(entry: entry, table: table, lacks: comparison.lacks, clock: clock)
        } catch let fault as CardFault {
            refuse(entry.id, "\(fault)", for: Self.refusal)
            return nil
        } catch let refusal as CardRefusal {
            refuse(entry.id, "\(refusal)", for: Self.shortRefusal)
            return nil
        }
    }

    /// What a camera says of a chunk has to be possible.
    func check(
        _ entry: CardListing.Entry,
        _ index: [UInt8],
        _ bytes: UInt64,
        _ start: UTCTime,
        _ store: ChunkStore
    ) async throws -> SampleTable {
        let name = "chunk \(entry.id) of the card"
        let table: SampleTable
        do throws(ReadError<Never>) { table = try SampleTable(index: index, ofFileWith: bytes) } catch {
            throw CardFault("\(name) has an index that is none: \(error)")
        }
        guard table.frames > 0, table.length < Chunk.longest, table.keyframes.first == 0 else {
            throw CardFault("\(name) has an index that cannot be: \(table.frames) frames, \(table.length)")
        }
        guard start + table.length < .now + .seconds(60) else {
            throw CardFault("\(name) claims to have been filmed in the future, until \((start + table.length).rfc3339)")
        }
        guard entry.mediaTime >= 0, try await !store.index.isRun(entry.run, ofOtherThan: feed.camera) else {
            throw CardFault("\(name) is another camera's")
        }
        guard table.samples.allSatisfy({ $0.size <= Self.largestFrame }) else {
            throw CardFault("\(name) has a frame of more than \(Self.largestFrame >> 20) MB")
        }
        // Between two frames there is an index at most.
        let areInOrder = zip(table.samples, table.samples.dropFirst()).allSatisfy { one, next in
            next.offset >= one.range.upperBound && next.offset - one.range.upperBound <= Self.largestIndex
        }
        guard areInOrder else { throw CardFault("\(name) has frames that do not lie in order") }
        return table
    }

    static let largestFrame: UInt32 = 16 << 20
    static let largestIndex: UInt64 = 4 << 20
    static let largestGroup = 64 << 20

    func refuse(_ chunk: Int64, _ why: String, for limit: Duration) {
        refused[chunk] = (.now + limit, why)
        progress.trouble = why
        Log.write(.error, "\(why); it is left alone for \(limit.inSeconds)", camera: feed.camera, budget: "replenish")
    }
}

extension Gap {
    /// Whether it is as somebody wanted it: what a person removed, or did not want recorded, is not fetched.
    fileprivate var isWanted: Bool {
        reason == .removed || reason == .stopped && detail == "recording was turned off"
    }
}

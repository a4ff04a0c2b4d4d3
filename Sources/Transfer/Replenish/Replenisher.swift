// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
package import Footage
package import GLib
internal import GStreamer
internal import ISOBaseMedia
package import Media

/// Fetches from one camera's card what the network lost, and tells the camera what it may delete.
///
/// Each chunk on the card is compared, once it is finished, with what came live of it; one that is still being written as
/// soon as the stream was interrupted. What is lacking is fetched by whole groups of pictures, checked frame by frame, and
/// written into chunks of its own. What came before an interruption stays, so nothing is fetched twice.
@MainLoop package final class Replenisher {
    package struct Settings: Equatable, Sendable {
        /// What is fetched.
        package enum Extent: Equatable, Sendable {
            case nothing
            /// What was filmed since the camera is known here.
            case sinceAdded
            /// All that is on the card.
            case all
        }

        package var extent: Extent
        /// In bits a second; `nil` for what live video leaves.
        package var rate: Double?

        package init(extent: Extent, rate: Double? = nil) { (self.extent, self.rate) = (extent, rate) }
    }

    /// How it stands.
    package struct Progress: Equatable, Sendable {
        package enum State: String, Sendable {
            /// Nothing is lacking that is known of.
            case idle
            case comparing
            case fetching
            /// The card cannot be asked, or the store cannot write; see ``trouble``.
            case waiting
            case off
        }

        package var state = State.idle
        package var trouble: String?
        /// What is known to be on the card and not here.
        package var lackingFrames = 0
        package var lackingBytes: Int64 = 0
        package var lacking = Duration.zero
        /// Since the start.
        package var fetchedFrames = 0
        package var fetchedBytes: Int64 = 0
        /// In bytes a second, lately.
        package var rate: Double?
        /// All that was filmed before is here, or cannot be had any more.
        package var acknowledgedUntil: UTCTime?

        package init() {}
    }

    package private(set) var progress = Progress()
    private let feed: Feed
    private let directory: @MainLoop () -> RecordingDirectory?
    /// Where it writes to at present.
    private var used: RecordingDirectory?
    private var card: (any Card)?
    private var settings: Settings
    private let queue: DispatchQueue
    /// Wakes whoever sleeps until the next round.
    private let calls: AsyncStream<Void>
    private let caller: AsyncStream<Void>.Continuation
    private var isStopped = false
    private var work: Task<Void, Never>?
    private var pace: Pace

    /// What is known of chunks on the card that are not settled yet.
    private var waits: [Int64: Wait] = [:]
    /// The camera's chunks whose index or frames were not what they said, and when to look at them again.
    private var refused: [Int64: (until: ClockTime, why: String)] = [:]
    private var lastRun = 0
    private var said: String?
    private var hasLookedAtDeclined = false
    /// Whether chunks are asked for that were acknowledged: a store that was made anew lacks them.
    private var listsAll = true
    private var told: Set<String> = []

    /// Why a chunk is not settled although nothing is lacking that is known of.
    private struct Wait {
        /// Live chunks that hold some of it and are being written.
        var unfinished: Set<Int64> = []
        /// The live run during which it was compared.
        var run: Int
        /// Whether the card still wrote to it.
        var isOpen: Bool
    }

    /// Between two looks at a card.
    private static let pause = Duration.seconds(10)
    private static let acknowledgedAtOnce = 500
    /// Live video is in the recorder's file by then: a group of pictures and a fragment, and what the network delays.
    private static let settling = Duration.seconds(6)
    /// By so much two connections' dates may differ.
    private static let seam = Duration.milliseconds(400)
    private static let refusal = Duration.seconds(3600)

    package init(
        feed: Feed,
        card: (any Card)?,
        settings: Settings,
        directory: @escaping @MainLoop () -> RecordingDirectory?
    ) {
        (self.feed, self.card, self.settings, self.directory) = (feed, card, settings, directory)
        pace = Pace(FetchRate(ceiling: settings.rate.map { $0 / 8 }), feed: feed)
        queue = DispatchQueue(label: "replenish-\(feed.camera)", qos: .utility)
        (calls, caller) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Another card, or other settings, from now on; what is being fetched is ended in good order.
    package func configure(card: (any Card)?, settings: Settings) {
        (self.card, self.settings) = (card, settings)
        pace = Pace(FetchRate(ceiling: settings.rate.map { $0 / 8 }), feed: feed)
        (said, hasLookedAtDeclined, listsAll) = (nil, false, true)
        refused = [:]
        work?.cancel()
        caller.yield()
    }

    /// Asks for an end in good order.
    package func stop() {
        isStopped = true
        work?.cancel()
        caller.finish()
    }

    /// Whether anything is on its way into a directory.
    package func isUsing(_ directory: RecordingDirectory) -> Bool { used === directory }

    /// Looks again and again, until it is stopped.
    package func run() async {
        var pause = Duration.seconds(1)
        while !isStopped {
            let limit = Task { [caller, pause] in
                do { try await Task.sleep(for: pause) } catch { return }
                caller.yield()
            }
            for await _ in calls { break }
            limit.cancel()
            if isStopped { break }
            pause = Self.pause
            let round = Task { await look() }
            work = round
            await round.value
            work = nil
            if progress.lackingFrames > 0, progress.trouble == nil { pause = .seconds(1) }
        }
    }

    private func look() async {
        guard let card, settings.extent != .nothing else {
            progress = Progress()
            progress.state = .off
            return
        }
        guard let directory = directory() else { return }
        used = directory
        defer { used = nil }
        do {
            try await round(card, try await directory.store())
            progress.state = .idle
        } catch is CancellationError {
            progress.state = .idle
        } catch let silence as CardExchange.Silence where !silence.hasCome {
            // A camera of another make brings its video, and knows of no cards.
            progress = Progress()
            progress.state = .off
        } catch {
            if Task.isCancelled { return }
            progress.trouble = "\(error)"
            progress.state = .waiting
            // A camera may be away for a week.
            if said != progress.trouble {
                Log.warning("what is lacking cannot be fetched: \(error)", camera: feed.camera)
            }
            said = progress.trouble
        }
        progress.rate = nil
    }

    // MARK: A round

    private func round(_ card: any Card, _ store: ChunkStore) async throws {
        progress.state = .comparing
        let listing = try await list(card, store)
        if said != nil { Log.notice("the camera's card answers again", camera: feed.camera) }
        refused = refused.filter { $0.value.until > .now }
        (said, progress.trouble) = (nil, refused.min { $0.key < $1.key }?.value.why)
        let known = try await store.index.card(of: feed.camera, identity: listing.card, now: .now)
        if !hasLookedAtDeclined {
            hasLookedAtDeclined = true
            let isAll = settings.extent == .all
            try await store.index.forgetCardChunks(before: 0, on: listing.card, declined: isAll)
        }
        let settled = try await store.index.settled(on: listing.card)
        if let oldest = listing.oldest { try await forget(before: oldest, listing, store) }
        // A camera whose index was made anew, or that was away when it was told.
        let forgotten = listing.chunks.map(\.id).filter { settled[$0] != nil }
        for start in stride(from: 0, to: listsAll ? 0 : forgotten.count, by: Self.acknowledgedAtOnce) {
            let some = Array(forgotten[start..<min(start + Self.acknowledgedAtOnce, forgotten.count)])
            try await card.acknowledge(some, on: listing.card)
        }
        try await explain(listing, store)
        let run = feed.run?.number ?? 0
        defer { lastRun = run }
        var lacking: [Work] = []
        let entries = listing.chunks.filter { settled[$0.id] == nil }
        for entry in entries where try await isDue(entry, run, listing, store) {
            try Task.checkCancellation()
            if try await decline(entry, since: known.since, store) {
                try await settle(entry, as: .declined, card, listing.card, store)
                continue
            }
            if let work = try await compare(entry, run, listing, card, store) {
                lacking.append(work)
            } else if waits[entry.id] == nil {
                try await settle(entry, as: .held, card, listing.card, store)
            }
        }
        note(lacking, entries)
        // The oldest while it may be deleted any moment; else the newest, which people look for.
        for work in listing.isShort ? lacking : lacking.reversed() {
            try await fetch(work, listing, card, store)
            lacking.removeAll { $0.entry.id == work.entry.id }
            note(lacking, entries)
        }
        // What was acknowledged to another store is known by now.
        if entries.allSatisfy({ $0.state == Chunk.State.open.rawValue }) { listsAll = false }
    }

    /// All that the card has and nobody has acknowledged.
    private func list(_ card: any Card, _ store: ChunkStore) async throws -> CardListing {
        let before = WallClock.system.read()
        var listing = try await card.listing(after: 0, acknowledged: listsAll)
        let after = WallClock.system.read()
        guard listing.camera == feed.camera else {
            throw CardFault("this is the card of '\(listing.camera)', not of '\(feed.camera)'")
        }
        while listing.more, let last = listing.chunks.last?.id, listing.chunks.count < Self.listed {
            let next = try await card.listing(after: last, acknowledged: listsAll)
            guard next.card == listing.card, next.chunks.allSatisfy({ $0.id > last }) else {
                throw CardFault("the camera's list of chunks goes round in circles")
            }
            listing.chunks += next.chunks
            listing.more = next.more
        }
        // Neither side's wall clock matters to what lies between the two monotonic ones. What live frames have told since is
        // more exact, unless this machine's clock was set. A camera that comes to be asked may have kept the question
        // waiting, but not its answer.
        let travel = min(.nanoseconds((after.monotonic - before.monotonic) / 2), Self.longestTravel)
        let offset = (after.utc - travel).nanoseconds - listing.mediaTime
        let known = try await store.index.offset(ofBoot: listing.boot)
        if known.map({ abs($0 - offset) > Self.clockStep }) ?? true {
            try await store.index.setOffset(ofBoot: listing.boot, feed.camera, to: offset)
        }
        return listing
    }

    private static let longestTravel = Duration.milliseconds(100)
    /// In nanoseconds.
    private static let clockStep: Int64 = 1_000_000_000

    /// More chunks than a card has: of ten seconds, on 512 GB.
    private static let listed = 200_000

    /// Whether there is anything new to find out about a chunk.
    private func isDue(
        _ entry: CardListing.Entry,
        _ run: Int,
        _ listing: CardListing,
        _ store: ChunkStore
    ) async throws -> Bool {
        if refused[entry.id] != nil { return false }
        let isOpen = entry.state == Chunk.State.open.rawValue
        guard let wait = waits[entry.id] else {
            if !isOpen { return listing.mediaTime - entry.mediaTime - entry.duration > Self.settling.inNanoseconds }
            // While all comes live there is nothing to be found in what is being written.
            waits[entry.id] = Wait(run: lastRun, isOpen: true)
            return false
        }
        if wait.isOpen, !isOpen {
            return listing.mediaTime - entry.mediaTime - entry.duration > Self.settling.inNanoseconds
        }
        if wait.run != run, run > 0, let since = feed.run?.start {
            if ClockTime.now - since > Self.settling { return true }
            return false
        }
        for chunk in wait.unfinished where try await store.index.chunk(chunk)?.state == .open { return false }
        return !wait.isOpen
    }

    /// Chunks that went from the card before all of them was here are lost for good: that is said.
    private func forget(before oldest: Int64, _ listing: CardListing, _ store: ChunkStore) async throws {
        for id in waits.keys where id < oldest { waits[id] = nil }
        try await store.index.forgetCardChunks(before: oldest, on: listing.card)
    }

    private func explain(_ listing: CardListing, _ store: ChunkStore) async throws {
        let absences = listing.gaps.compactMap { gap -> Gap? in
            guard let reason = Gap.Reason(rawValue: gap.reason), let end = gap.end else { return nil }
            let detail =
                reason == .quota
                ? "deleted from the camera's card before it was fetched"
                : "on the camera as well: \(gap.detail.prefix(200))"
            return Gap(
                camera: feed.camera,
                start: UTCTime(nanoseconds: gap.start),
                end: UTCTime(nanoseconds: end),
                reason: reason,
                detail: detail
            )
        }
        let count = try await store.index.explain(absences)
        if count > 0 { Log.notice("\(count) gaps are the camera's own, and cannot be filled", camera: feed.camera) }
    }

    /// Whether a chunk is not wanted here.
    private func decline(_ entry: CardListing.Entry, since: UTCTime, _ store: ChunkStore) async throws -> Bool {
        guard entry.state != Chunk.State.open.rawValue else { return false }
        let start = try await self.start(of: entry, store).time
        if settings.extent == .sinceAdded, start + .nanoseconds(entry.duration) <= since { return true }
        // What would be the first to be deleted is not fetched.
        guard let turn = try await store.index.turn(of: feed.camera, at: start) else { return false }
        return try await !store.hasRoom(for: entry.bytes, of: feed.camera, turn: turn)
    }

    /// This store is done with a chunk, and the camera may delete it.
    private func settle(
        _ entry: CardListing.Entry,
        as state: ChunkIndex.CardChunkState,
        _ card: any Card,
        _ identity: String,
        _ store: ChunkStore
    ) async throws {
        guard entry.state != Chunk.State.open.rawValue else { return }
        if state == .held {
            // A chunk is of one piece: between what came over two connections, each dated by its own, nothing is missing.
            let start = try await self.start(of: entry, store).time
            let span = start - Self.seam..<start + .nanoseconds(entry.duration) + Self.seam
            try await store.index.fill(span, of: feed.camera)
        }
        try await store.index.settle(entry.id, on: identity, as: state)
        waits[entry.id] = nil
        try await card.acknowledge([entry.id], on: identity)
    }

    private func note(_ lacking: [Work], _ entries: [CardListing.Entry]) {
        progress.lackingFrames = lacking.reduce(0) { $0 + $1.frames }
        progress.lackingBytes = lacking.reduce(0) { $0 + $1.bytes }
        progress.lacking = lacking.reduce(.zero) { $0 + $1.length }
        let open = entries.filter { waits[$0.id] != nil || $0.state == Chunk.State.open.rawValue }
        let first = (lacking.map(\.entry.start) + open.map(\.start)).min()
        progress.acknowledgedUntil = first.map(UTCTime.init(nanoseconds:)) ?? progress.acknowledgedUntil
    }

    // MARK: One chunk

    /// A chunk of which something is lacking.
    private struct Work {
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
    private func start(
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
    private func compare(
        _ entry: CardListing.Entry,
        _ run: Int,
        _ listing: CardListing,
        _ card: any Card,
        _ store: ChunkStore
    ) async throws -> Work? {
        let isOpen = entry.state == Chunk.State.open.rawValue
        waits[entry.id] = Wait(run: run, isOpen: isOpen)
        do {
            guard let found = try await card.index(of: entry.id) else { return nil }
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
            refuse(entry, fault)
            return nil
        }
    }

    /// What a camera says of a chunk has to be possible.
    private func check(
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
        return table
    }

    private static let largestFrame: UInt32 = 16 << 20
    private static let largestGroup = 64 << 20

    private func refuse(_ entry: CardListing.Entry, _ fault: CardFault) {
        refused[entry.id] = (.now + Self.refusal, "\(fault)")
        Log.error("\(fault); it is left alone for an hour", camera: feed.camera)
        progress.trouble = "\(fault)"
    }

    // MARK: Fetching

    private func fetch(_ work: Work, _ listing: CardListing, _ card: any Card, _ store: ChunkStore) async throws {
        progress.state = .fetching
        do {
            for lack in work.lacks {
                try Task.checkCancellation()
                try await fetch(lack, of: work, card, store)
            }
        } catch let fault as CardFault {
            refuse(work.entry, fault)
            return
        }
        guard var wait = waits[work.entry.id] else { return }
        // All there was at the time is here now; a finished chunk is compared once more, with what came of it.
        wait.run = feed.run?.number ?? 0
        waits[work.entry.id] = wait.isOpen ? wait : nil
        caller.yield()
    }

    private func fetch(
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
        let chunk = try await CardChunk.begin(content, in: store)
        let result: Result<Void, any Error>
        do {
            try await transfer(groups, of: part, from: lack.frames.lowerBound, entry, card, into: chunk)
            result = .success(())
        } catch { result = .failure(error) }
        if case .failure(let error as FileError) = result { Log.warning("\(error)", camera: feed.camera) }
        // What has come stays, whatever became of the rest.
        if let done = try await chunk.finish() {
            let seconds = (done.duration / .seconds(1) * 10).rounded() / 10
            Log.notice(
                "fetched from the camera's card: \(done.frames) frames, \(seconds) s from \(done.start.rfc3339)",
                camera: feed.camera
            )
        }
        try result.get()
    }

    private func transfer(
        _ groups: [Range<Int>],
        of part: SampleTable,
        from first: Int,
        _ entry: CardListing.Entry,
        _ card: any Card,
        into chunk: CardChunk
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
                    do { try await chunk.append(frames, hashes: Array(expected)) } catch let wrong as CardChunk.Mismatch
                    {
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

    private static let hashed = 2000

    /// Runs what waits for a disk, or takes long.
    private func onQueue<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { done in
            queue.async { done.resume(with: Swift.Result { try work() }) }
        }
    }
}

extension Gap {
    /// Whether it is as somebody wanted it: what a person removed, or did not want recorded, is not fetched; nor what had
    /// to go.
    fileprivate var isWanted: Bool {
        reason == .removed || reason == .quota || reason == .stopped && detail == "recording was turned off"
    }
}

extension SampleTable {
    fileprivate func bytes(of samples: Range<Int>) -> Int { self.samples[samples].reduce(0) { $0 + Int($1.size) } }
}

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

    package internal(set) var progress = Progress()
    let feed: Feed
    let directory: @MainLoop () -> RecordingDirectory?
    /// Where it writes to at present.
    var used: RecordingDirectory?
    var card: (any Card)?
    var settings: Settings
    let queue: DispatchQueue
    /// Wakes whoever sleeps until the next round.
    private let calls: AsyncStream<Void>
    let caller: AsyncStream<Void>.Continuation
    private var isStopped = false
    private var work: Task<Void, Never>?
    var pace: Pace

    /// What is known of chunks on the card that are not settled yet.
    var waits: [Int64: Wait] = [:]
    /// The camera's chunks whose index or frames were not what they said, and when to look at them again.
    var refused: [Int64: (until: ClockTime, why: String)] = [:]
    var lastRun = 0
    private var said: String?
    private var hasLookedAtDeclined = false
    /// Whether chunks are asked for that were acknowledged: a store that was made anew lacks them.
    private var listsAll = true
    /// What ``waits`` and ``refused`` are about.
    var (knownCard, knownStore) = ("", "")
    /// What is being written.
    var writing: CardChunk?

    /// Why a chunk is not settled although nothing is lacking that is known of.
    struct Wait {
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
    static let settling = Duration.seconds(6)
    /// By so much two connections' dates may differ.
    static let seam = Duration.milliseconds(400)
    static let refusal = Duration.seconds(3600)
    static let shortRefusal = Duration.seconds(300)

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
        interrupt()
        caller.yield()
    }

    /// Asks for an end in good order.
    package func stop() {
        isStopped = true
        interrupt()
        caller.finish()
    }

    func interrupt() {
        work?.cancel()
        // A full disk is not waited for.
        writing?.interrupt()
    }

    /// Whether anything is on its way into a directory.
    package func isUsing(_ directory: RecordingDirectory) -> Bool { used === directory }

    /// Looks again and again, until it is stopped.
    package func run() async {
        var pause = Duration.seconds(1)
        while !isStopped {
            let limit = Task { [caller, pause] in
                do { try await MainLoop.sleep(for: pause) } catch { return }
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

    func look() async {
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
            if said != nil { Log.notice("the camera's card answers again", camera: feed.camera) }
            said = nil
        } catch is CancellationError {
            progress.state = .idle
        } catch let silence as CardExchange.Silence where !silence.hasCome {
            // A camera of another make brings its video, and knows of no cards.
            progress.state = .waiting
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

    func round(_ card: any Card, _ store: ChunkStore) async throws {
        progress.state = .comparing
        let listing = try await list(card, store)
        if (listing.card, store.identity) != (knownCard, knownStore) {
            // A number means another chunk on another card.
            (waits, refused, listsAll) = ([:], [:], true)
            (knownCard, knownStore) = (listing.card, store.identity)
        }
        refused = refused.filter { $0.value.until > .now }
        progress.trouble = refused.min { $0.key < $1.key }?.value.why
        // What a former store of this camera had this one lacks.
        let former = listing.chunks.filter(\.acknowledged).map(\.start).min().map(UTCTime.init(nanoseconds:))
        let now = UTCTime.now
        let known = try await store.index.card(of: feed.camera, identity: listing.card, now: min(former ?? now, now))
        if !hasLookedAtDeclined {
            hasLookedAtDeclined = true
            let isAll = settings.extent == .all
            try await store.index.forgetCardChunks(before: 0, on: listing.card, declined: isAll)
        }
        let settled = try await store.index.settled(on: listing.card)
        if let oldest = listing.oldest { try await forget(before: oldest, listing, store) }
        // A camera whose index was made anew, or that was away when it was told.
        let forgotten = listing.chunks.filter { !$0.acknowledged && settled[$0.id] != nil && !listsAll }.map(\.id)
        for state in [ChunkIndex.CardChunkState.held, .declined] {
            let ids = forgotten.filter { settled[$0] == state }
            for start in stride(from: 0, to: ids.count, by: Self.acknowledgedAtOnce) {
                let some = Array(ids[start..<min(start + Self.acknowledgedAtOnce, ids.count)])
                try await card.acknowledge(some, on: listing.card, declined: state == .declined)
            }
        }
        try await explain(listing, store)
        let run = feed.run?.number ?? 0
        defer { lastRun = run }
        var lacking: [Work] = []
        let entries = listing.chunks.filter { settled[$0.id] == nil }
        for entry in entries where try await isDue(entry, run, listing, store) {
            try Task.checkCancellation()
            if settings.extent == .sinceAdded, try await end(of: entry, store) <= known.since {
                try await settle(entry, as: .declined, card, listing.card, store)
                continue
            }
            guard let work = try await compare(entry, run, listing, card, store) else {
                if waits[entry.id] == nil, refused[entry.id] == nil {
                    try await settle(entry, as: .held, card, listing.card, store)
                }
                continue
            }
            switch try await room(for: work, store) {
            case .now: lacking.append(work)
            case .later: break
            case .never: try await settle(entry, as: .declined, card, listing.card, store)
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
    func list(_ card: any Card, _ store: ChunkStore) async throws -> CardListing {
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
        guard listing.isPossible else { throw CardFault("the camera's clock shows what no clock can") }
        for entry in listing.chunks where !entry.isPossible && refused[entry.id] == nil {
            refuse(entry.id, "chunk \(entry.id) of the card has numbers that cannot be", for: Self.refusal)
        }
        listing.chunks.removeAll { !$0.isPossible }
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
    func isDue(
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
    func forget(before oldest: Int64, _ listing: CardListing, _ store: ChunkStore) async throws {
        for id in waits.keys where id < oldest { waits[id] = nil }
        try await store.index.forgetCardChunks(before: oldest, on: listing.card)
    }

    func explain(_ listing: CardListing, _ store: ChunkStore) async throws {
        let absences = listing.possibleGaps.compactMap { gap -> Gap? in
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
        if count > 0 {
            let words =
                count == 1 ? "1 gap is the camera's own, and cannot" : "\(count) gaps are the camera's own, and cannot"
            Log.notice("\(words) be filled", camera: feed.camera)
        }
    }

    enum Room { case now, later, never }

    /// Whether there is room for what a chunk lacks.
    func room(for work: Work, _ store: ChunkStore) async throws -> Room {
        guard let start = work.lacks.first?.start, let turn = try await store.index.turn(of: feed.camera, at: start),
            try await !store.hasRoom(for: work.bytes, of: feed.camera, turn: turn)
        else { return .now }
        // It would be the first to be deleted. What is older than the oldest that there has ever been room for is let go.
        let horizon = try await store.index.horizon(of: feed.camera)
        let end = try await end(of: work.entry, store)
        return horizon.map { end <= $0 } ?? false ? .never : .later
    }

    func end(of entry: CardListing.Entry, _ store: ChunkStore) async throws -> UTCTime {
        guard entry.state != Chunk.State.open.rawValue else { return .now }
        return try await start(of: entry, store).time + .nanoseconds(entry.duration)
    }

    /// This store is done with a chunk, and the camera may delete it.
    func settle(
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
        try await card.acknowledge([entry.id], on: identity, declined: state == .declined)
    }

    func note(_ lacking: [Work], _ entries: [CardListing.Entry]) {
        progress.lackingFrames = lacking.reduce(0) { $0 + $1.frames }
        progress.lackingBytes = lacking.reduce(0) { $0 + $1.bytes }
        progress.lacking = lacking.reduce(.zero) { $0 + $1.length }
        let open = entries.filter { waits[$0.id] != nil || $0.state == Chunk.State.open.rawValue }
        let first = (lacking.map(\.entry.start) + open.map(\.start)).min()
        progress.acknowledgedUntil = first.map(UTCTime.init(nanoseconds:)) ?? progress.acknowledgedUntil
    }

    /// Runs what waits for a disk, or takes long.
    func onQueue<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { done in
            queue.async { done.resume(with: Swift.Result { try work() }) }
        }
    }
}

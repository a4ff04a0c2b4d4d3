// SPDX-License-Identifier: Apache-2.0
import Footage
import Foundation
import GLib
import GStreamer
import ISOBaseMedia
import Media
import TestSupport
import Testing

@testable import Transfer

@Suite("Replenisher", .mainLoop, .timeLimit(.minutes(3)))
struct ReplenisherTests {
    /// A store of one camera, with a card.
    @MainLoop private final class Site {
        let scratch: ScratchDirectory
        let directory: RecordingDirectory
        let store: ChunkStore
        let card = ShelfCard()
        private(set) var replenisher: Replenisher
        private var running: Task<Void, Never>?

        init(films: Int = 2, maxSpace: Int64? = nil, scratch: ScratchDirectory? = nil) async throws {
            let scratch = try scratch ?? ScratchDirectory()
            let settings = ChunkStore.Settings(directory: scratch("store"), maxSpace: maxSpace, minFree: 0)
            let directory = RecordingDirectory(settings, journal: .silent)
            (self.scratch, self.directory) = (scratch, directory)
            store = try await directory.store()
            replenisher = Self.make(card, directory, .all)
            for id in 1...Int64(films) { try await card.add(id, path: scratch("\(id).mp4")) }
        }

        private static func make(
            _ card: ShelfCard,
            _ directory: RecordingDirectory,
            _ extent: Replenisher.Settings.Extent
        ) -> Replenisher {
            Replenisher(
                feed: Feed(camera: "door", origin: .sender),
                card: card,
                settings: .init(extent: extent),
                directory: { directory }
            )
        }

        func begin(_ extent: Replenisher.Settings.Extent = .all) {
            replenisher = Self.make(card, directory, extent)
            running = Task { [replenisher] in await replenisher.run() }
        }

        func end() async {
            replenisher.stop()
            await running?.value
        }

        /// Adds what came live of a film: some of its frames, dated later than the card dates them.
        func addLive(
            _ id: Int64,
            of film: Int64,
            frames: Range<Int>,
            later: Duration = .milliseconds(40),
            without isLost: (Int) -> Bool = { _ in false }
        ) async throws {
            let source = card.films[Int(film - 1)]
            let part = source.table.part(frames)
            let kept = frames.filter { !isLost($0) }
            var movie = MovieWriter(part, created: 0)
            movie.samples = kept.map { part.samples[$0 - frames.lowerBound] }
            var bytes = try MovieFile.head(of: movie)
            for number in kept { bytes += source.bytes.read(source.table.samples[number].range) }
            let since = source.table.presentationTime(of: frames.lowerBound)
            let start = UTCTime(nanoseconds: source.entry.start) + since + later
            let clock = RunClock.Mapping(offset: start.nanoseconds, state: .captured)
            let run = Run(identity: makeIdentity(), camera: "door", boot: "store", clock: clock)
            let key = try await store.index.add(run)
            let name = ChunkName(camera: "door", start: start)
            let path = "\(store.directory)/\(name.path)"
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            var chunk = Chunk(
                id: id,
                camera: "door",
                run: key,
                sequence: 0,
                state: .complete,
                start: start,
                mediaTime: 0,
                path: name.path
            )
            bytes += ChunkMetadata(of: chunk, run: run, store: store.identity).box
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            (chunk.frames, chunk.duration, chunk.bytes) = (kept.count, part.length, Int64(bytes.count))
            try await store.index.add(chunk)
        }

        /// What is shown, frame by frame.
        func shown() async throws -> [String] {
            let showings = try await store.index.showings(camera: "door")
            let clip = Clip(showings, in: store.directory, span: UTCTime(nanoseconds: 0)..<UTCTime(nanoseconds: .max))
            let output = scratch("\(UUID().uuidString).mp4")
            _ = try clip.write(to: output)
            return try await accessUnits(of: output)
        }

        /// What is on the card, frame by frame.
        func filmed() async throws -> [String] {
            var frames: [String] = []
            for film in card.films { frames += try await accessUnits(of: scratch("\(film.entry.id).mp4")) }
            return frames
        }
    }

    @Test("what is on a card and not here is fetched once, is whole, and may be deleted there")
    @MainLoop
    func all() async throws {
        let site = try await Site()
        site.begin()
        try await eventually { site.card.acknowledged.sorted() == [1, 2] }
        #expect(try await site.shown() == site.filmed())
        let chunks = try await site.store.index.chunks()
        #expect(chunks.allSatisfy { $0.origin == .card && $0.state == .complete && $0.frames == 300 })
        #expect(site.card.reads.map(\.chunk) == [2, 1])
        #expect(site.replenisher.progress.fetchedFrames == 600 && site.replenisher.progress.lackingFrames == 0)
        await site.end()
        // Whoever begins anew knows what it has had: also of a chunk that the quota has deleted since.
        for chunk in chunks { _ = try await site.store.remove(chunk) }
        site.begin()
        try await eventually { site.replenisher.progress.state == .idle }
        #expect(site.card.reads.count == 2)
        await site.end()
    }

    @Test("a store that was made anew fetches what a former one had", arguments: [true, false])
    @MainLoop
    func anew(isAll: Bool) async throws {
        let site = try await Site()
        try await site.card.acknowledge([1, 2], on: "card-1", declined: false)
        site.begin(isAll ? .all : .sinceAdded)
        try await eventually { try await site.store.index.settled(on: "card-1").count == 2 }
        #expect(site.card.reads.map(\.chunk).sorted() == [1, 2])
        #expect(try await site.shown() == site.filmed())
        await site.end()
    }

    @Test("around what came live only the groups that lack a frame are fetched, and each frame is shown once")
    @MainLoop
    func gap() async throws {
        let site = try await Site()
        // It broke off in the third second, and came again in the eighth.
        try await site.addLive(101, of: 1, frames: 0..<75)
        try await site.addLive(102, of: 1, frames: 210..<300)
        try await site.addLive(103, of: 2, frames: 0..<300)
        site.begin()
        try await eventually { site.card.acknowledged.sorted() == [1, 2] }
        #expect(try await site.shown() == site.filmed())
        let fetched = try await site.store.index.chunks().filter { $0.origin == .card }
        try #require(fetched.map(\.frames) == [150])
        let start = ShelfCard.start + .seconds(2) + .milliseconds(40)
        #expect(abs((fetched[0].start - start).inNanoseconds) < 1_000_000)
        // What broke off is deleted in its turn, and what was fetched with it.
        #expect(fetched[0].turn == 101)
        let timeline = try await site.store.index.timeline(
            of: "door",
            in: ShelfCard.start..<ShelfCard.start + .seconds(20)
        )
        #expect(timeline.entries.map(\.content).contains(.footage) && timeline.entries.count <= 2)
        await site.end()
        // Files alone tell it all.
        await site.directory.close()
        let again = try await ChunkStore.open(
            .init(directory: site.scratch("store"), minFree: 0),
            anew: true,
            journal: .silent
        )
        #expect(try await again.index.cuts(of: again.index.chunks()).isEmpty == false)
        #expect(try await again.index.showings(camera: "door").map(\.part).count == 4)
        await again.close()
    }

    @Test("connections that are dated differently keep all of their frames", arguments: [-80, -30, 30, 80])
    @MainLoop
    func dates(milliseconds: Int) async throws {
        let site = try await Site(films: 1)
        try await site.addLive(101, of: 1, frames: 0..<75, later: .milliseconds(100))
        try await site.addLive(102, of: 1, frames: 210..<300, later: .milliseconds(100 + milliseconds))
        site.begin()
        try await eventually { site.card.acknowledged == [1] }
        #expect(try await site.shown() == site.filmed())
        await site.end()
    }

    @Test("of a chunk that comes as a file that is taken in which had not come live")
    @MainLoop
    func file() async throws {
        let site = try await Site(films: 1)
        try await site.addLive(101, of: 1, frames: 0..<75)
        try await site.addLive(102, of: 1, frames: 210..<300)
        let film = site.card.films[0]
        let metadata = ChunkMetadata(
            store: "card",
            camera: "door",
            run: film.entry.run,
            id: 1,
            sequence: 0,
            start: ShelfCard.start,
            mediaTime: film.entry.mediaTime,
            clock: .synchronised,
            boot: "boot-1",
            origin: .live
        )
        try Data(film.bytes + metadata.box).write(to: URL(fileURLWithPath: site.scratch("arrived.mp4")))
        let file = try RandomAccessFile(site.scratch("arrived.mp4"))
        let partial = try #require(PartialFilm(try FilmFile(file), file))
        guard case .parts(let chunks, let frames) = try await partial.take(into: site.store, Stopper()) else {
            Issue.record("it is not taken in parts")
            return
        }
        #expect(chunks.map(\.frames) == [150] && frames == 150)
        #expect(try await site.shown() == site.filmed())
        guard case .nothing = try await partial.take(into: site.store, Stopper()) else {
            Issue.record("it is taken twice")
            return
        }
        // The card is not asked for it either.
        site.begin()
        try await eventually { site.card.acknowledged == [1] }
        #expect(site.card.reads.isEmpty)
        await site.end()
    }

    @Test("an interruption costs the group that was on its way, and nothing that had come")
    @MainLoop
    func interrupted() async throws {
        let site = try await Site(films: 1)
        site.card.breaksAfter = site.card.films[0].bytes.count / 2
        site.begin()
        try await eventually { site.card.acknowledged == [1] }
        #expect(try await site.shown() == site.filmed())
        let reads = site.card.reads.map(\.range)
        try #require(reads.count == 2)
        let samples = site.card.films[0].table.samples
        #expect(reads[1].upperBound == samples[299].range.upperBound)
        let first = try #require(samples.firstIndex { $0.offset == reads[1].lowerBound })
        #expect(samples[first].isSync && first > 60)
        #expect(try await site.store.index.chunks().map(\.frames) == [first, 300 - first])
        await site.end()
    }

    @Test("a fetch that is broken off hides nothing that came live")
    @MainLoop
    func brokenOff() async throws {
        let site = try await Site(films: 1)
        // Each third frame was lost: all groups are to be fetched, and stand in the place of what came.
        try await site.addLive(101, of: 1, frames: 0..<300, without: { $0 % 3 == 1 })
        let before = try await site.shown().count
        site.card.breaksAfter = site.card.films[0].bytes.count / 2
        site.card.staysBroken = true
        site.begin()
        try await eventually { site.replenisher.progress.trouble != nil }
        await site.end()
        let fetched = try #require(try await site.store.index.chunks().first { $0.origin == .card })
        #expect(fetched.frames > 60 && fetched.frames < 300)
        let shown = try await site.shown()
        #expect(before == 200 && shown.count == fetched.frames + (300 - fetched.frames) * 2 / 3)
        let filmed = try await site.filmed()
        #expect(shown.prefix(fetched.frames).elementsEqual(filmed.prefix(fetched.frames)))
        // Also where the index is made anew from the files.
        await site.directory.close()
        let settings = ChunkStore.Settings(directory: site.scratch("store"), minFree: 0)
        let again = try await ChunkStore.open(settings, anew: true, journal: .silent)
        let parts = try await again.index.showings(camera: "door").map(\.chunk.origin)
        #expect(parts == [.card, .live])
        await again.close()
    }

    @Test("a crash in the middle of fetching keeps what had come, and the rest is fetched")
    @MainLoop
    func crash() async throws {
        let site = try await Site(films: 1)
        let film = site.card.films[0]
        let content = CardChunk.Content(
            camera: "door",
            source: film.entry.run,
            boot: film.entry.boot,
            mediaTime: film.entry.mediaTime,
            clock: .init(offset: ShelfCard.start.nanoseconds - film.entry.mediaTime, state: .captured),
            table: film.table,
            cuts: []
        )
        let chunk = try await CardChunk.begin(content, in: site.store)
        for (first, end) in [(0, 30), (30, 60), (60, 90)] {
            let frames = film.table.samples[first..<end].map { film.bytes.read($0.range) }
            try await chunk.append(frames, hashes: frames.map { FrameHashes.hash($0) })
        }
        // As it is on the disk now.
        let after = try ScratchDirectory()
        try FileManager.default.copyItem(atPath: site.scratch("store"), toPath: after("store"))
        _ = try await chunk.finish()
        let again = try await Site(films: 1, scratch: after)
        let kept = try await again.store.index.chunks()
        #expect(kept.map(\.state) == [.repaired] && kept.map(\.origin) == [.card] && kept.map(\.frames) == [90])
        again.begin()
        try await eventually { again.card.acknowledged == [1] }
        #expect(try await again.shown() == again.filmed())
        #expect(again.card.reads.map(\.range.lowerBound) == [film.table.samples[90].offset])
        await again.end()
    }

    @Test("what would be the first to be deleted is not fetched, and what is newer makes room by what is older")
    @MainLoop
    func horizon() async throws {
        let site = try await Site(films: 3, maxSpace: 20_000_000)
        try await site.addLive(101, of: 2, frames: 0..<300)
        try await site.addLive(102, of: 3, frames: 0..<300)
        // Nothing has to go yet, but for one film more something would have to.
        let books = site.store.space.books
        let room = 20_000_000 - books.headroom - books.used
        site.store.space.update { $0.add(room - Int64(site.card.films[0].bytes.count) / 2, of: "door") }
        site.begin()
        try await eventually { site.card.acknowledged.sorted() == [2, 3] }
        try await eventually { site.replenisher.progress.state == .idle }
        // For now: there may be room for it again, and the camera keeps it.
        #expect(site.card.reads.isEmpty && site.card.declined.isEmpty)
        await site.end()
        let gone = Gap(
            camera: "door",
            start: ShelfCard.start - .seconds(100),
            end: ShelfCard.start + .seconds(11),
            reason: .quota
        )
        try await site.store.index.add(gone)
        site.begin()
        try await eventually { site.card.declined == [1] }
        #expect(site.card.reads.isEmpty)
        await site.end()
    }

    @Test("a card that lies is not believed, and the rest is fetched all the same", arguments: ShelfCard.Lie.allCases)
    @MainLoop
    func lie(how: ShelfCard.Lie) async throws {
        let site = try await Site()
        let stranger = Run(
            identity: "x",
            camera: "till",
            boot: "",
            clock: .init(offset: 0, state: .captured),
            source: "run-of-another"
        )
        _ = try await site.store.index.add(stranger)
        site.card.lie = (1, how)
        site.begin()
        try await eventually { site.replenisher.progress.trouble != nil }
        let trouble = try #require(site.replenisher.progress.trouble)
        #expect(trouble.contains(how == .circle ? "circles" : "chunk 1"), "\(trouble)")
        if how != .circle {
            try await eventually { site.card.acknowledged == [2] }
            // Nothing of it that was not checked has been kept.
            let film = try await accessUnits(of: site.scratch("1.mp4"))
            let other = try await accessUnits(of: site.scratch("2.mp4"))
            let shown = try await site.shown()
            #expect(Array(shown.suffix(300)) == other)
            #expect(Array(shown.dropLast(300)) == Array(film.prefix(how == .hash ? 150 : 0)))
        }
        await site.end()
    }

    @Test("another camera's card is not taken for this one's")
    @MainLoop
    func otherCamera() async throws {
        let site = try await Site(films: 1)
        site.card.camera = "till"
        site.begin()
        try await eventually { site.replenisher.progress.trouble != nil }
        #expect(site.replenisher.progress.trouble == "this is the card of 'till', not of 'door'")
        #expect(site.card.reads.isEmpty)
        await site.end()
    }

    @Test("what was filmed before the camera was known is not fetched, unless all is wanted")
    @MainLoop
    func sinceAdded() async throws {
        let site = try await Site()
        try await site.addLive(101, of: 2, frames: 0..<300)
        site.begin(.sinceAdded)
        try await eventually { site.card.acknowledged == [2] && site.card.declined == [1] }
        #expect(site.card.reads.isEmpty)
        await site.end()
        let again = try await Site()
        try await again.addLive(101, of: 2, frames: 0..<300)
        again.begin(.all)
        try await eventually { again.card.acknowledged.sorted() == [1, 2] }
        #expect(again.card.reads.map(\.chunk) == [1])
        await again.end()
    }

    @Test("what a person removed is not fetched again, and what cannot be had says why")
    @MainLoop
    func unwanted() async throws {
        let site = try await Site()
        try await site.addLive(101, of: 1, frames: 0..<300)
        let live = try #require(try await site.store.index.chunk(101))
        _ = try await site.store.remove(live)
        let lost = ShelfCard.start + .seconds(30)
        let gap = Gap(camera: "door", start: lost, end: lost + .seconds(20), reason: .network, detail: "no answer")
        try await site.store.index.add(gap)
        let power = Gap(
            camera: "door",
            start: lost + .seconds(5),
            end: lost + .seconds(12),
            reason: .power,
            detail: "a crash"
        )
        site.card.gaps = [CardListing.Absence(power)]
        site.begin()
        try await eventually { site.card.acknowledged.sorted() == [1, 2] }
        #expect(site.card.reads.map(\.chunk) == [2])
        await site.end()
        let timeline = try await site.store.index.timeline(of: "door", in: lost..<lost + .seconds(20))
        let reasons = timeline.entries.map(\.content)
        #expect(reasons == [.missing(.network), .missing(.power), .missing(.network)])
    }
}

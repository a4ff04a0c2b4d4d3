// SPDX-License-Identifier: Apache-2.0
import Footage
import Foundation
import GLib
import ISOBaseMedia
import TestSupport

@testable import Transfer

/// A card with films on it that answers as a camera's does, and lies where a test wants it to.
@MainLoop final class ShelfCard: Card {
    /// What is not so.
    enum Lie: CaseIterable, Sendable {
        case hash, hashCount, length, index, future, negative, extreme, stranger, order, spread, empty, missing, circle
    }

    /// One chunk on it.
    struct Film: Sendable {
        var entry: CardListing.Entry
        let bytes: [UInt8]
        let table: SampleTable
    }

    private(set) var films: [Film] = []
    private(set) var acknowledged: [Int64] = []
    private(set) var declined: [Int64] = []
    /// What was asked of films' bytes, in order.
    private(set) var reads: [(chunk: Int64, range: Range<UInt64>)] = []
    private(set) var taken = 0
    /// Which chunk it lies about, and how.
    var lie: (chunk: Int64, how: Lie)?
    /// After so many bytes the connection breaks, once.
    var breaksAfter: Int?
    /// And does not come back.
    var staysBroken = false
    var gaps: [CardListing.Absence] = []
    var card = "card-1"
    var camera = "door"
    var isShort = false

    /// When the first film on each card begins.
    nonisolated static let start = UTCTime(nanoseconds: 1_792_889_998_000_000_000)
    nonisolated static let mediaStart: Int64 = 5_000_000_000_000

    struct Broken: Error {}

    /// Adds a film of ten seconds, 30 frames a second, a keyframe each second.
    func add(_ id: Int64, path: String, run: String = "run-1") async throws {
        let pattern = ["smpte", "ball", "pinwheel"][Int(id) % 3]
        let made = try await TestSupport.run(
            [
                "sh", "-c",
                """
                gst-launch-1.0 -q videotestsrc num-buffers=300 pattern=\(pattern) ! timeoverlay \
                ! video/x-raw,width=160,height=120,framerate=30/1,format=I420 \
                ! x264enc key-int-max=30 bframes=0 speed-preset=ultrafast ! h264parse ! mp4mux \
                fragment-mode=first-moov-then-finalise fragment-duration=250 ! filesink location=\(path)
                """,
            ]
        )
        guard made.status == 0 else { throw Broken() }
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        let table = try SampleTable(bytes)
        let offset = (id - 1) * 10_000_000_000
        var chunk = Chunk(
            id: id,
            camera: camera,
            run: 0,
            sequence: 0,
            state: .complete,
            start: Self.start + .nanoseconds(offset),
            mediaTime: Self.mediaStart + offset,
            path: path
        )
        (chunk.duration, chunk.frames, chunk.bytes) = (table.length, table.frames, Int64(bytes.count))
        let clock = RunClock.Mapping(offset: Self.start.nanoseconds - Self.mediaStart, state: .synchronised)
        let run = Run(identity: run, camera: camera, boot: "boot-1", clock: clock)
        films.append(Film(entry: CardListing.Entry(chunk, of: run), bytes: bytes, table: table))
    }

    private func film(_ id: Int64) throws -> Film {
        guard let film = films.first(where: { $0.entry.id == id }) else { throw Broken() }
        return film
    }

    private func lies(_ how: Lie, about chunk: Int64) -> Bool { lie?.chunk == chunk && lie?.how == how }

    func listing(after chunk: Int64, acknowledged all: Bool) async throws -> CardListing {
        var entries = films.map(\.entry).filter {
            $0.id > chunk && (all || !acknowledged.contains($0.id) && !declined.contains($0.id))
        }
        for index in entries.indices {
            let id = entries[index].id
            entries[index].acknowledged = acknowledged.contains(id)
            if lies(.extreme, about: id) { entries[index].mediaTime = .min }
            if lies(.future, about: id) { entries[index].start = UTCTime.now.nanoseconds + 3_600_000_000_000 }
            if lies(.negative, about: id) { entries[index].mediaTime = -1 }
            if lies(.stranger, about: id) { entries[index].run = "run-of-another" }
        }
        let isCircle = lie?.how == .circle
        return CardListing(
            camera: camera,
            card: card,
            boot: "boot-1",
            mediaTime: Self.mediaStart + 3_600_000_000_000,
            oldest: films.first?.entry.id,
            isShort: isShort,
            chunks: isCircle ? films.map(\.entry) : entries,
            more: isCircle,
            gaps: gaps
        )
    }

    func index(of chunk: Int64) async throws -> (index: [UInt8], bytes: UInt64)? {
        let film = try film(chunk)
        if lies(.index, about: chunk) { return (Array("no moov at all".utf8), 1_000_000) }
        if lies(.missing, about: chunk) { throw CardRefusal("the camera answers 404 about chunk \(chunk)") }
        if lies(.empty, about: chunk) { return nil }
        var samples = MovieWriter(film.table, created: 0)
        if lies(.order, about: chunk) { samples.samples[0].offset = film.table.samples[299].range.upperBound }
        if lies(.spread, about: chunk) { for index in 15..<300 { samples.samples[index].offset += 3 << 30 } }
        if lies(.order, about: chunk) || lies(.spread, about: chunk) { return (try samples.movie(), 8 << 30) }
        let index = try film.table.index(created: film.entry.start)
        // Too short for what the index says.
        return (index, lies(.length, about: chunk) ? 1000 : UInt64(film.bytes.count))
    }

    func hashes(of chunk: Int64, frames: Range<Int>) async throws -> [String] {
        let film = try film(chunk)
        var hashes = frames.map { number in
            FrameHashes.hash(film.bytes.read(film.table.samples[number].range))
        }
        if lies(.hash, about: chunk), frames.contains(150) { hashes[150 - frames.lowerBound] = hashes[0] }
        if lies(.hashCount, about: chunk) { hashes.removeLast() }
        return hashes
    }

    func read(
        _ range: Range<UInt64>,
        of chunk: Int64,
        _ part: @MainLoop ([UInt8]) async throws -> Void
    ) async throws {
        let film = try film(chunk)
        reads.append((chunk, range))
        var next = range.lowerBound
        while next < range.upperBound {
            let end = min(next + 10_000, range.upperBound)
            taken += Int(end - next)
            if let limit = breaksAfter, taken > limit {
                if !staysBroken { breaksAfter = nil }
                throw Broken()
            }
            try await part(film.bytes.read(next..<end))
            next = end
        }
    }

    func acknowledge(_ chunks: [Int64], on card: String, declined isDeclined: Bool) async throws {
        if isDeclined { declined += chunks } else { acknowledged += chunks }
    }
}

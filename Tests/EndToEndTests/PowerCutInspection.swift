// SPDX-License-Identifier: Apache-2.0
import Foundation
import ISOBaseMedia
import Synchronization
import TestSupport

@testable import Footage

/// What a store makes of the disks that power cuts leave behind, measured by what its recorder had promised.
struct Inspection: Sendable {
    /// Each promise that was not kept, in words.
    var violations: [String] = []
    var repaired = 0
    /// Chunks that ffmpeg decoded as well.
    var decoded = 0
    /// What the store had to say, each kind of thing once.
    var notes: [String: Int] = [:]

    /// What `sync-interval` is by default, and what lies between a frame and the disk before that: a fragment and a frame,
    /// and where splitmuxsink holds one back a group of pictures.
    private static func bound(of writer: JournaledRecording.Writer) -> Int64 {
        1_000_000_000 + (writer == .martlet ? 500_000_000 : 1_500_000_000)
    }

    /// Cuts the power at each of these places of the journal, once with each of two seeds.
    static func of(
        _ recording: JournaledRecording,
        at places: [Int],
        seed: UInt64,
        isEnough: (Inspection) -> Bool = { _ in false },
        believes: @escaping (DiskJournal.Entry) -> Bool = { _ in true }
    ) async throws -> Inspection {
        var random = SeededRandom(seed: seed)
        var disk = SimulatedDisk(believes: believes)
        var applied = 0
        var sum = Inspection()
        try await withThrowingTaskGroup(of: Inspection.self) { group in
            var running = 0
            for place in places.sorted() {
                for entry in recording.entries[applied..<place] { disk.apply(entry) }
                applied = place
                let tree = disk.afterPowerCut(using: &random)
                group.addTask { try await violations(of: tree, at: place, recording) }
                running += 1
                // Not more disks at a time than there are processors.
                if running >= ProcessInfo.processInfo.activeProcessorCount, let one = try await group.next() {
                    sum.add(one)
                    running -= 1
                }
                if isEnough(sum) { break }
            }
            for try await one in group { sum.add(one) }
        }
        return sum
    }

    private mutating func add(_ other: Inspection) {
        violations += other.violations
        repaired += other.repaired
        decoded += other.decoded
        notes.merge(other.notes, uniquingKeysWith: +)
    }

    /// Opens what a power cut at a place of the journal left.
    static func violations(
        of tree: SimulatedDisk.Tree,
        at place: Int,
        _ recording: JournaledRecording
    ) async throws -> Inspection {
        let scratch = try ScratchDirectory(inMemory: true)
        let directory = scratch("store")
        try tree.write(to: directory)
        var inspection = Inspection()
        let said = Mutex<[String]>([])
        let journal = Journal { _, text, _ in said.withLock { $0.append(text) } }
        do {
            let first = try await rows(of: directory, journal)
            let tree = try files(of: directory)
            inspection.check(first, in: tree, at: place, recording)
            // Another reader's word now and then: it takes its time.
            if place % 40 == 0 { try await inspection.decode(first.chunks, in: directory) }
            let second = try await rows(of: directory, .silent)
            if first.chunks != second.chunks || first.gaps != second.gaps {
                inspection.violations.append("a second opening changes the index")
            }
            if try files(of: directory) != tree { inspection.violations.append("a second opening changes the files") }
        } catch {
            inspection.violations.append("the store cannot be opened: \(error)")
        }
        for text in said.withLock({ $0 }) {
            let kind = text.replacing(#/door_\S+|/\S+|\d+/#, with: "…")
            inspection.notes[kind, default: 0] += 1
            // A chunk of which nothing was safe yet may be kept aside; that nothing safe is in it is seen above.
            let isUnexpected = text.contains("cannot be") && !text.contains("it is kept as")
            if isUnexpected || text.contains("is left alone") { inspection.violations.append(text) }
        }
        let (before, after) = (recording.entries[..<place].suffix(2), recording.entries[place...].prefix(1))
        let moment = "at \(place) after \(before.map(\.words)) before \(after.map(\.words))"
        let words = said.withLock { $0.joined(separator: "; ") }
        inspection.violations = inspection.violations.map { "\(moment): \($0), said: \(words)" }
        return inspection
    }

    private static func rows(of directory: String, _ journal: Journal) async throws -> (chunks: [Chunk], gaps: [Gap]) {
        let store = try await ChunkStore.open(.init(directory: directory, minFree: 0), journal: journal)
        var chunks = try await store.index.chunks()
        // Computed at leisure, and not of interest here.
        for index in chunks.indices { chunks[index].digest = nil }
        let gaps = try await store.index.gaps()
        await store.close()
        return (chunks, gaps)
    }

    /// The chunks' files, by path.
    private static func files(of directory: String) throws -> [String: [UInt8]] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: directory)
        return try paths.filter { $0.hasSuffix(".mp4") }.reduce(into: [:]) {
            $0[$1] = try bytes(of: "\(directory)/\($1)")
        }
    }

    private mutating func decode(_ chunks: [Chunk], in directory: String) async throws {
        for chunk in chunks {
            let path = "\(directory)/\(chunk.path)"
            let result = try await run("ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "null", "-")
            decoded += 1
            if result.status != 0 || !result.errors.isEmpty { violations.append("\(chunk.path): \(result.errors)") }
        }
    }

    // MARK: The promises

    private mutating func check(
        _ rows: (chunks: [Chunk], gaps: [Gap]),
        in files: [String: [UInt8]],
        at place: Int,
        _ recording: JournaledRecording
    ) {
        let known = Set(rows.chunks.map(\.path))
        for path in files.keys where !known.contains(path) { violations.append("\(path) is there, and no row") }
        for chunk in rows.chunks { check(chunk, files[chunk.path], recording) }
        let time = place > 0 ? recording.entries[place - 1].time : 0
        let safe = recording.fed.count { $0 <= time - Self.bound(of: recording.writer) - recording.longestSync }
        for file in recording.files where file.opened < place && file.deleted ?? .max >= place {
            let row = rows.chunks.first { $0.path == file.name.path }
            if let completed = file.completed, completed < place {
                if row == nil {
                    // Its row may already say that it is being deleted.
                    let isDeleting =
                        file.deleted != nil
                        && rows.gaps.contains { $0.reason == .quota && $0.end ?? $0.start >= file.name.start }
                    if !isDeleting { violations.append("finished chunk \(file.name.file) is lost") }
                } else if files[file.name.path] != file.bytes {
                    violations.append("finished chunk \(file.name.file) is not what it was")
                } else if row?.state != .complete {
                    violations.append("finished chunk \(file.name.file) is called \(row?.state.rawValue ?? "")")
                }
            } else {
                let wanted = min(file.samples.count, safe - file.firstFrame)
                let kept = row?.frames ?? 0
                if kept < wanted {
                    violations.append("\(file.name.file) has \(kept) frames of \(wanted) that were safe")
                }
            }
        }
    }

    /// What a row says is true, and the file's frames are those that were filmed.
    private mutating func check(_ chunk: Chunk, _ bytes: [UInt8]?, _ recording: JournaledRecording) {
        guard let bytes else {
            violations.append("\(chunk.path) has a row, and no file")
            return
        }
        guard let file = recording.files.first(where: { $0.name.path == chunk.path }) else {
            violations.append("\(chunk.path) is not a chunk that was recorded")
            return
        }
        if chunk.state == .repaired { repaired += 1 }
        if chunk.state != .complete, chunk.state != .repaired { violations.append("\(chunk.path) is \(chunk.state)") }
        let table: SampleTable
        do { table = try SampleTable(bytes) } catch {
            violations.append("\(chunk.path) cannot be read: \(error)")
            return
        }
        if !table.isFinished { violations.append("\(chunk.path) is not finished") }
        if Int(chunk.bytes) != bytes.count || chunk.frames != table.frames || chunk.duration != table.length {
            violations.append("\(chunk.path)'s row is wrong")
        }
        let isPrefix =
            table.samples.count <= file.samples.count
            && zip(table.samples, file.samples).allSatisfy { sample, original in
                let range = Int(sample.range.lowerBound)..<Int(sample.range.upperBound)
                return range.count == original.count
                    && bytes.withUnsafeBytes { bytes in
                        original.withUnsafeBytes { original in
                            guard let one = bytes.baseAddress, let other = original.baseAddress else { return false }
                            return memcmp(one + range.lowerBound, other, range.count) == 0
                        }
                    }
            }
        if !isPrefix {
            let places = zip(table.samples, file.samples).enumerated().flatMap { number, pair in
                let (sample, original) = pair
                let range = Int(sample.range.lowerBound)..<Int(sample.range.upperBound)
                return zip(range, original).filter { bytes[$0] != $1 }.map {
                    "sample \(number) of \(range) byte \($0): \(bytes[$0]) for \($1)"
                }
            }
            violations.append(
                "\(chunk.path) holds what was never filmed: \(places.count) bytes, \(places.prefix(6)), last \(places.last ?? ""), "
                    + "\(table.samples.count) of \(file.samples.count) samples"
            )
        }
        // A plain file: fragments that no index of their own precedes disturb other readers.
        if let boxes = topLevelTypes(of: bytes), boxes.contains("moof") {
            violations.append("\(chunk.path) still has fragments: \(Set(boxes))")
        }
        do {
            let metadata = try UserExtensionBox(ChunkMetadata.type, in: bytes).flatMap { ChunkMetadata($0.content) }
            if metadata?.id != chunk.id { violations.append("\(chunk.path) does not say what it is") }
        } catch { violations.append("\(chunk.path) ends in garbage: \(error)") }
    }

    private func topLevelTypes(of bytes: [UInt8]) -> [String]? {
        var types: [String] = []
        var offset = 0
        while offset + 8 <= bytes.count {
            guard let header = bytes[offset...].prefix(16).withUnsafeBytes({ try? BoxHeader($0) }) else { return nil }
            types.append(header.type.description)
            offset += Int(header.size ?? UInt64(bytes.count - offset))
        }
        return types
    }
}

extension DiskJournal.Entry {
    /// For a message.
    var words: String { "\(kind) \(path.split(separator: "/").last ?? "")" + (kind == .said ? text : "") }
}

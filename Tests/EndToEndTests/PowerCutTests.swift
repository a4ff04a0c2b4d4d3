// SPDX-License-Identifier: Apache-2.0
import Foundation
import ISOBaseMedia
import Synchronization
import TestSupport
import Testing

@testable import Footage

/// What a power cut may cost, on every disk that it may leave behind: `MARTLET_POWER_CUTS` says at how many random moments,
/// besides every moment at which a chunk is being closed.
@Suite("Power cut", .serialized, .timeLimit(.minutes(10)))
struct PowerCutTests {
    private static let randomCuts = ProcessInfo.processInfo.environment["MARTLET_POWER_CUTS"].flatMap { Int($0) } ?? 200

    @Test(
        "no finished chunk is lost, the open one keeps all but its last moments, and nothing bad is taken for footage",
        arguments: JournaledRecording.Writer.allCases
    )
    func promise(writer: JournaledRecording.Writer) async throws {
        let recording = try await JournaledRecording.shared(by: writer)
        #expect(recording.files.count >= 9)
        #expect(recording.files.count { $0.deleted != nil } >= 2, "the quota is part of what is tested")
        var random = SeededRandom(seed: 1)
        let places =
            Array(0...60) + recording.placesAroundClosings
            + (0..<Self.randomCuts).map { _ in Int.random(in: 0...recording.entries.count, using: &random) }
        let inspection = try await Inspection.of(recording, at: places, seed: 1)
        #expect(inspection.violations == [])
        #expect(inspection.repaired > 20 && inspection.decoded > 10)
        print(
            "\(places.count) power cuts: \(inspection.repaired) chunks repaired, \(inspection.decoded) decoded by ffmpeg"
        )
    }

    /// What one may forget to sync, and how a sync is known to be one of these.
    enum Forgotten: CaseIterable, CustomTestStringConvertible {
        case folders, openChunks, finalIndex, wholeFile

        var testDescription: String {
            switch self {
            case .folders: "the folders"
            case .openChunks: "a chunk while it is written"
            case .finalIndex: "the final index before the patches"
            case .wholeFile: "the whole file before it is renamed"
            }
        }

        func isMeant(_ entry: DiskJournal.Entry, in recording: JournaledRecording, _ beforePatches: Set<Int>) -> Bool {
            switch self {
            case .folders: !entry.path.contains(".")
            case .openChunks: entry.path.hasSuffix(".open.mp4") && entry.isDataSync
            case .finalIndex: beforePatches.contains(entry.offset)
            case .wholeFile: entry.path.hasSuffix(".open.mp4") && !entry.isDataSync
            }
        }
    }

    @Test("the test above fails where a sync is missing", arguments: Forgotten.allCases)
    func forgottenSync(forgotten: Forgotten) async throws {
        let recording = try await JournaledRecording.shared.value
        let beforePatches = recording.syncsBeforePatches
        let inspection = try await Inspection.of(
            recording,
            at: recording.placesAroundClosings,
            seed: 2,
            isEnough: { !$0.violations.isEmpty },
            believes: { !forgotten.isMeant($0, in: recording, beforePatches) }
        )
        #expect(!inspection.violations.isEmpty)
    }

    @Test(
        "a repair that is cut off is made again at the next start, and loses nothing",
        arguments: JournaledRecording.Writer.allCases
    )
    func cutRepair(writer: JournaledRecording.Writer) async throws {
        let recording = try await JournaledRecording.shared(by: writer)
        var random = SeededRandom(seed: 3)
        // Torn chunks: one in its middle, and some at each step of being closed.
        let file = try #require(recording.files.dropLast().last)
        let closing = recording.placesAroundClosings.filter { $0 > file.opened && $0 <= file.completed ?? 0 }
        let places = [(file.opened + (closing.first ?? file.opened)) / 2] + closing.shuffled(using: &random).prefix(4)
        var count = 0
        var violations: [String] = []
        for place in places {
            var disk = SimulatedDisk()
            for entry in recording.entries[..<place] { disk.apply(entry) }
            let scratch = try ScratchDirectory(inMemory: true)
            let directory = scratch("store")
            try disk.afterPowerCut(using: &random).write(to: directory)
            var repairing = try SimulatedDisk(copying: directory)
            let result = try await run(
                [try Product.program("TestProbe"), "open", directory],
                environment: try DiskJournal.environment(below: directory, journal: scratch("journal"))
            )
            #expect(result.errors.contains("opened"), "\(result.errors)")
            for entry in try DiskJournal(scratch("journal"), below: directory).entries {
                let tree = repairing.afterPowerCut(using: &random)
                violations += try await Inspection.violations(of: tree, at: place, recording).violations
                count += 1
                repairing.apply(entry)
            }
        }
        #expect(violations == [])
        #expect(count > 50)
        print("\(count) power cuts during repairs")
    }
}

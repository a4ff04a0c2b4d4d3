// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// What a camera finds in its directory that is not its own, and what it makes of it.
@Suite(.serialized, .timeLimit(.minutes(4))) struct GarbageTests {
    private static let day = "2026-11-20"
    private static let stamp = "2026-11-20T10-00"

    @Test("a directory full of what others left is recorded into, each thing is named, and no link is followed")
    func garbage() async throws {
        let scratch = try ScratchDirectory()
        let camera = try TestCamera("door", in: scratch, size: (160, 120))
        var random = SeededRandom(seed: 1)
        func write(_ name: String, _ bytes: [UInt8]) throws {
            try scratch.write("door/\(name)", "")
            try Data(bytes).write(to: URL(fileURLWithPath: scratch("door/\(name)")))
        }
        let folder = "door/\(Self.day)"
        // Under our own names: nothing, noise, and a beginning of what could be a film.
        let film = MuxerWrites.finalised(fragments: 3, seed: 1).file
        for (second, bytes) in [[], random.bytes(50_000), Array(film.prefix(film.count / 2)), film].enumerated() {
            try write("\(folder)/door_\(Self.stamp)-0\(second).000Z.mp4", bytes)
            try write("\(folder)/door_\(Self.stamp)-1\(second).000Z.open.mp4", bytes)
        }
        try write("\(folder)/Straße 📷.mp4", random.bytes(100))
        try write("\(folder)/film.mp4", [])
        try write("Überwachung/\(Self.day)/x.mp4", [1])
        try scratch.makeFolder("door/\(folder)/door_\(Self.stamp)-20.000Z.mp4")
        try scratch.makeFolder("door/\(folder)/x.mp4")
        // Days that are none, or that no clock can tell.
        for day in ["9999-12-31", "0000-01-01", "2026-02-30"] { try scratch.makeFolder("door/door/\(day)") }
        try write("\(folder)/door_9999-01-01T00-00-00.000Z.mp4", [1])
        #expect(try await run("truncate", "-s", "2G", scratch("door/huge.mp4")).status == 0)
        #expect(
            try await run("truncate", "-s", "2G", scratch("door/\(folder)/door_\(Self.stamp)-21.000Z.mp4")).status == 0
        )
        for name in ["pipe", "door_\(Self.stamp)-22.000Z.mp4", "door_\(Self.stamp)-23.000Z.open.mp4"] {
            #expect(mkfifo(scratch("door/\(folder)/\(name)"), 0o600) == 0)
        }
        // Links that lead out, as a camera's folder, as a day's, and as a file.
        try scratch.makeFolder("outside/\(Self.day)")
        try scratch.write("outside/\(Self.day)/till_\(Self.stamp)-00.000Z.open.mp4", "precious")
        try scratch.write("outside/door_\(Self.stamp)-24.000Z.open.mp4", "precious")
        let links = [
            "till": "outside", "door/2026-11-19": "outside",
            "\(folder)/door_\(Self.stamp)-24.000Z.mp4": "outside/door_\(Self.stamp)-24.000Z.open.mp4",
            "\(folder)/door_\(Self.stamp)-24.000Z.open.mp4": "outside/door_\(Self.stamp)-24.000Z.open.mp4",
        ]
        for (name, target) in links {
            try FileManager.default.createSymbolicLink(
                atPath: scratch("door/\(name)"),
                withDestinationPath: scratch(target)
            )
        }
        let outside = try SimulatedDisk.Tree(of: scratch("outside"))

        let process = try Martlet("camera", "--config", camera.configuration)
        try await process.expect("capture runs")
        try await process.expect("is complete", within: .seconds(30))
        process.send(SIGTERM)
        #expect(try await process.end() == 0, "\(process.output)")
        let said = process.output.joined(separator: "\n")
        for name in [
            "9999-12-31", "0000-01-01", "2026-02-30", "huge.mp4", "Überwachung", "Straße 📷.mp4", "film.mp4", "x.mp4",
            "pipe", "till", "2026-11-19",
        ] {
            #expect(said.contains("/\(name) is not Martlet's, and is left alone"), "\(name): \(said)")
            #expect(try scratch.entries.contains { $0.hasSuffix("/\(name)") }, "\(name) is gone")
        }
        for second in ["00", "01", "02", "03", "20", "21", "22", "23", "24"] {
            #expect(said.contains("door_\(Self.stamp)-\(second).000Z"), "\(second): \(said)")
        }
        #expect(said.contains("door_\(Self.stamp)-10.000Z.open.mp4 was empty, and is gone"), "\(said)")
        // What cannot be understood is not thrown away.
        for second in ["11", "12"] {
            let name = "door_\(Self.stamp)-\(second).000Z.open.mp4"
            #expect(said.contains("\(name) cannot be repaired"), "\(second): \(said)")
            #expect(try scratch.entries.contains { $0.hasSuffix("/\(name).damaged") }, "\(second)")
        }
        #expect(try SimulatedDisk.Tree(of: scratch("outside")) == outside)
        let states = try await run("sqlite3", "\(camera.directory)/martlet.sqlite", "SELECT DISTINCT state FROM chunks")
        #expect(states.output == "complete\n")
    }

    @Test("an index of garbage is moved aside, and recording begins")
    func garbageIndex() async throws {
        let scratch = try ScratchDirectory()
        let camera = try TestCamera("door", in: scratch, size: (160, 120))
        var random = SeededRandom(seed: 2)
        try scratch.write("door/martlet.sqlite", "")
        try Data(random.bytes(100_000)).write(to: URL(fileURLWithPath: scratch("door/martlet.sqlite")))
        let process = try Martlet("camera", "--config", camera.configuration)
        try await process.expect("the index is damaged", and: "file is not a database")
        try await eventually { !openChunks(in: camera.directory).isEmpty }
        process.send(SIGTERM)
        #expect(try await process.end() == 0)
    }

    @Test("a directory that is another's, or of another time, is refused in words")
    func refused() async throws {
        let scratch = try ScratchDirectory()
        let camera = try TestCamera("door", in: scratch, size: (160, 120))
        let first = try Martlet("camera", "--config", camera.configuration)
        try await first.expect("capture runs")
        let other = try TestCamera("till", in: scratch, size: (160, 120), directory: camera.directory)
        let second = try Martlet("camera", "--config", other.configuration)
        try await second.expect("\(camera.directory) belongs to process \(first.identifier): stop that first")
        #expect(try await second.end() == 1)
        first.send(SIGTERM)
        #expect(try await first.end() == 0)

        let identity = try String(contentsOfFile: "\(camera.directory)/.id", encoding: .utf8)
        let mine = "00000000-0000-4000-8000-000000000000"
        try scratch.write("door/.id", mine + "\n")
        let third = try Martlet("camera", "--config", camera.configuration)
        try await third.expect("\(camera.directory) is store \(mine), but", and: "move martlet.sqlite away")
        #expect(try await third.end() == 1)
        try scratch.write("door/.id", identity)

        try await run("sqlite3", "\(camera.directory)/martlet.sqlite", "PRAGMA user_version = 99")
        let fourth = try Martlet("camera", "--config", camera.configuration)
        try await fourth.expect("written by a newer Martlet (version 99")
        #expect(try await fourth.end() == 1)
    }

    @Test("below /mnt and /media nothing is written where no disk is mounted", arguments: ["/mnt", "/media"])
    func noDisk(place: String) async throws {
        let scratch = try ScratchDirectory()
        let directory = "\(place)/martlet-nowhere-\(UUID().uuidString)/door"
        let camera = try TestCamera("door", in: scratch, size: (160, 120), directory: directory)
        let process = try Martlet("camera", "--config", camera.configuration)
        try await process.expect(
            "recording stopped: cannot record into \(directory): no disk is mounted at \(directory)"
        )
        process.send(SIGTERM)
        #expect(try await process.end() == 0)
        #expect(!FileManager.default.fileExists(atPath: (directory as NSString).deletingLastPathComponent))
    }
}

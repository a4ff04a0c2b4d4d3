// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import martlet

@Suite("Live configuration", .serialized, .timeLimit(.minutes(5)))
struct LiveConfigurationTests {
    /// What `martlet status --json` says.
    private func status(_ configuration: String) async throws -> Status {
        let result = try await run([try Martlet.path, "status", "--json", "--config", configuration])
        return try JSONDecoder().decode(Status.self, from: Data(result.output.utf8))
    }

    /// What `martlet status` exits with.
    private func exitStatus(_ configuration: String) async throws -> Int32 {
        try await run([try Martlet.path, "status", "--config", configuration]).status
    }

    private static func url(_ camera: TestCamera) -> String { "url = \"\(camera.url)\"" }

    /// As editors do it: a new file takes the old one's place.
    private func replace(_ path: String, with text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    @Test(
        "a thousand edits, every second one broken, cost the other cameras not a frame; in the end the last one holds"
    )
    func storm() async throws {
        let scratch = try ScratchDirectory()
        let cameras = try [TestCamera("still", in: scratch), TestCamera("edited", in: scratch)]
        let places = try TestStore(cameras, in: scratch)
        let sources = try cameras.map { try Martlet("camera", "--config", $0.configuration) }
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("receiver runs", times: 2)
        let original = try String(contentsOfFile: places.configuration, encoding: .utf8)
        let udp = "\ntransport = \"udp\""
        for number in 0..<1000 {
            let limit = "\n[cameras.still]\nmax-space = \"\(100 + number) MB\"\n"
            // The camera's own table comes once: its limit is put behind its URL.
            let edited = original.replacing(
                "url = \"\(cameras[0].url)\"",
                with: "url = \"\(cameras[0].url)\"\nmax-space = \"\(100 + number) MB\""
            )
            let isBroken = number % 2 == 0
            // Again and again the other camera starts anew.
            let restarted =
                number % 100 > 50 ? edited.replacing(Self.url(cameras[1]), with: Self.url(cameras[1]) + udp) : edited
            let text = isBroken ? original + limit + "[[" : restarted
            if number % 3 == 0 {
                try text.write(toFile: places.configuration, atomically: false, encoding: .utf8)
            } else {
                try replace(places.configuration, with: text)
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        // The last edit is told apart from all before it by its limit and by its transport.
        let last =
            original
            .replacing("[store.recording]", with: "[store.recording]\nmax-space = \"3 GB\"")
            .replacing(Self.url(cameras[1]), with: Self.url(cameras[1]) + "\ntransport = \"tcp\"")
        try replace(places.configuration, with: last)
        try await eventually {
            let status = try await self.status(places.configuration)
            return status.recording.maxSpace == 3_000_000_000
        }
        // What one camera's table says restarts that camera alone.
        #expect(store.count(of: "edited: receiver starts anew") > 0)
        try await eventually { try await exitStatus(places.configuration) == 0 }
        for process in [store] + sources {
            process.send(SIGTERM)
            #expect(try await process.end() == 0)
        }
        #expect(try await exitStatus(places.configuration) == 3)
        #expect(store.count(of: "still: receiver runs") == 1)
        #expect(store.count(of: "the former configuration goes on") > 0)
        #expect(breaks(in: try await Footage(of: "still", in: places.directory).frameTimes()) == [])
    }

    @Test(
        "cameras come and go, recording is turned off and on, chunks and directories change; what stays loses nothing"
    )
    func changes() async throws {
        let scratch = try ScratchDirectory()
        let cameras = try [TestCamera("still", in: scratch), TestCamera("guest", in: scratch)]
        let places = try TestStore([cameras[0]], in: scratch)
        let sources = try cameras.map { try Martlet("camera", "--config", $0.configuration) }
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("still: receiver runs")
        let original = try String(contentsOfFile: places.configuration, encoding: .utf8)

        // A drop-in is a part of the configuration as well.
        let dropIn = scratch("config.d/guest.toml")
        try scratch.makeFolder("config.d")
        try replace(dropIn, with: "[cameras.guest]\nurl = \"\(cameras[1].url)\"\n")
        try await store.expect("guest: receiver runs")
        try replace(dropIn, with: "[cameras.guest]\nurl = \"\(cameras[1].url)\"\nrecord = false\n")
        try await store.expect("guest: recording goes on with other settings")
        try await eventually(within: .seconds(20)) {
            let guest = try await self.status(places.configuration).cameras.first { $0.name == "guest" }
            return guest?.recording.enabled == false && guest?.recording.chunk == nil
        }
        try FileManager.default.removeItem(atPath: dropIn)
        try await store.expect("guest: camera is no longer in the configuration; its footage stays")

        // Taken away, it goes on; and so it does with a wrong unit.
        try FileManager.default.removeItem(atPath: places.configuration)
        try await store.expect("the former configuration goes on")
        let wrong = original.replacing("[store.recording]", with: "[store.recording]\nmax-age = \"10 parsec\"")
        try replace(places.configuration, with: wrong)
        try await store.expect("store.recording.max-age: expected a duration")
        let rejected = try await status(places.configuration)
        #expect(rejected.configuration.state == .rejected && !rejected.well)
        #expect(try await exitStatus(places.configuration) == 1)
        #expect(rejected.configuration.mistakes.contains { $0.contains("parsec") })

        // A directory that another process has is not taken, and costs nothing.
        let taken = original.replacing(places.directory, with: cameras[0].directory)
        try replace(places.configuration, with: taken)
        try await store.expect("recording goes on in \(places.directory)")
        #expect(try await status(places.configuration).troubles.contains { $0.contains("belongs to process") })

        // Recording moves to another directory with the next keyframe, also when that is left at once and come back to.
        let other = scratch("elsewhere")
        try replace(places.configuration, with: original.replacing(places.directory, with: other))
        try await store.expect("recording goes on in \(other)")
        try replace(places.configuration, with: original)
        try await store.expect("recording goes on in \(places.directory)", times: 2)
        try replace(places.configuration, with: original.replacing(places.directory, with: other))
        try await store.expect("recording goes on in \(other)", times: 2)
        try await eventually(within: .seconds(20)) {
            let camera = try await self.status(places.configuration).cameras.first
            return camera?.recording.chunk?.hasPrefix(other) == true
        }
        // SIGHUP has it read as well.
        store.send(SIGHUP)
        for process in [store] + sources {
            process.send(SIGTERM)
            #expect(try await process.end() == 0)
        }
        #expect(store.count(of: "still: receiver runs") == 1)
        let times = try await Footage(of: "still", in: places.directory).frameTimes()
        let later = try await Footage(of: "still", in: other).frameTimes()
        #expect(breaks(in: (times + later).sorted()) == [])
        #expect(!Footage(of: "guest", in: places.directory).files.isEmpty)
    }
}

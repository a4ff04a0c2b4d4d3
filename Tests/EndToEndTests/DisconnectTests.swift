// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(4))) struct DisconnectTests {
    @Test("a camera that freezes or dies is noticed and received again, and the other camera never knows")
    func disconnect() async throws {
        let scratch = try ScratchDirectory()
        let cameras = try [TestCamera("still", in: scratch), TestCamera("steady", in: scratch)]
        let places = try TestStore(cameras, in: scratch)
        var still = try Martlet("camera", "--config", cameras[0].configuration)
        let steady = try Martlet("camera", "--config", cameras[1].configuration)
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("receiver runs", times: 2)

        still.send(SIGSTOP)
        try await store.expect("still: receiver stopped: no frame came for 5 s")
        still.send(SIGCONT)
        try await store.expect("still: receiver runs", times: 2)

        still.send(SIGKILL)
        try await store.expect("still: receiver stopped", times: 2)
        _ = try await still.end()
        still = try Martlet("camera", "--config", cameras[0].configuration)
        try await store.expect("still: receiver runs", times: 3)

        for process in [still, steady] {
            process.send(SIGTERM)
            #expect(try await process.end() == 0)
        }
        store.send(SIGTERM)
        #expect(try await store.end() == 0)
        let untouched = Footage(of: "steady", in: places.directory)
        #expect(breaks(in: try await untouched.frameTimes()) == [])
        let broken = Footage(of: "still", in: places.directory)
        try await broken.decodes()
        #expect(breaks(in: try await broken.frameTimes()).count == 2)
        #expect(store.count(of: "steady: receiver runs") == 1)
    }

    @Test("stopping finishes every chunk, whatever signal comes and however often", arguments: [SIGTERM, SIGINT])
    func stop(signal: Int32) async throws {
        let scratch = try ScratchDirectory()
        let door = try TestCamera("door", in: scratch)
        let places = try TestStore([door], in: scratch)
        let camera = try Martlet("camera", "--config", door.configuration)
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("receiver runs")
        for process in [store, camera] {
            for _ in 0..<5 { process.send(signal) }
            #expect(try await process.end(within: .seconds(10)) == 0)
        }
        for directory in [door.directory, places.directory] {
            #expect(openChunks(in: directory) == [])
            let footage = Footage(of: "door", in: directory)
            #expect(!footage.files.isEmpty)
            try await footage.decodes()
            #expect(breaks(in: try await footage.frameTimes()) == [])
        }
    }
}

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

    @Test(
        "a camera that comes back with another address is found by its name",
        .enabled(if: Mount.isPossible, Mount.reason)
    )
    func address() async throws {
        let scratch = try ScratchDirectory()
        let first = try TestCamera("wanderer", in: scratch)
        let text = try String(contentsOfFile: first.configuration, encoding: .utf8)
        let second = scratch("second.toml")
        try text.replacing("127.0.0.1:", with: "127.0.0.2:").write(toFile: second, atomically: true, encoding: .utf8)
        let places = try TestStore(
            [(name: "wanderer", url: "rtsp://wanderer.test:\(first.port)/wanderer", more: "")],
            in: scratch
        )
        // Names of the store's own, in a mount namespace of its own.
        let hosts = scratch("hosts")
        try "127.0.0.1 wanderer.test\n".write(toFile: hosts, atomically: false, encoding: .utf8)
        let store = try Martlet(
            running: [
                "unshare", "--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\"", hosts,
                try Martlet.path, "store", "--config", places.configuration,
            ]
        )
        let camera = try Martlet("camera", "--config", first.configuration)
        try await store.expect("receiver runs")
        camera.send(SIGKILL)
        _ = try await camera.end()
        try await store.expect("connection refused by wanderer.test:\(first.port)")
        try "127.0.0.2 wanderer.test\n".write(toFile: hosts, atomically: false, encoding: .utf8)
        let moved = try Martlet("camera", "--config", second)
        try await store.expect("receiver runs", times: 2)
        for process in [store, moved] {
            process.send(SIGTERM)
            #expect(try await process.end() == 0)
        }
    }

    @Test("a camera whose driver hangs has its process started anew, and works again once it can")
    func escalation() async throws {
        let scratch = try ScratchDirectory()
        for folder in ["run", "plugins"] { try scratch.makeFolder(folder) }
        let plugin = "libFaultyElement.so"
        try FileManager.default.copyItem(atPath: Product.file(plugin), toPath: scratch("plugins/\(plugin)"))
        let door = try TestCamera("door", in: scratch)
        // A description of one's own lies beside the program's, in a tree of which the program is a part.
        for folder in ["bin", "share/martlet"] { try scratch.makeFolder(folder) }
        try FileManager.default.copyItem(atPath: Martlet.path, toPath: scratch("bin/martlet"))
        let pipelines = scratch("share/martlet/pipelines")
        try FileManager.default.copyItem(atPath: "\(Product.repository)/pipelines", toPath: pipelines)
        let description = "\(pipelines)/capture/test.gst"
        let healthy = try String(contentsOfFile: description, encoding: .utf8)
        let text = try String(contentsOfFile: door.configuration, encoding: .utf8)
        try "\(text)\n[service]\nreboot-on-stuck-camera = true\n"
            .write(toFile: door.configuration, atomically: true, encoding: .utf8)
        func start() throws -> Martlet {
            // As systemd starts it.
            try Martlet(
                running: [scratch("bin/martlet"), "camera", "--config", door.configuration],
                environment: [
                    "RUNTIME_DIRECTORY": scratch("run"), "INVOCATION_ID": "1", "GST_PLUGIN_PATH": scratch("plugins"),
                    "GST_REGISTRY": scratch("registry"),
                ]
            )
        }
        let first = try start()
        try await first.expect("capture runs")
        try await eventually { FileManager.default.fileExists(atPath: scratch("run/frames")) }
        first.send(SIGTERM)
        #expect(try await first.end() == 0)

        // From now on it says at once that it is broken: five times a process, three processes.
        let broken = healthy.replacing("! appsink name=feed", with: "! faulty fault=error after=0 ! appsink name=feed")
        try broken.write(toFile: description, atomically: true, encoding: .utf8)
        for restarts in 1...3 {
            let process = try start()
            try await process.expect("the camera does not come back: the process starts anew", within: .seconds(60))
            #expect(try await process.end() == 1)
            #expect(try String(contentsOfFile: scratch("run/restarts"), encoding: .utf8) == String(restarts))
        }
        let last = try start()
        // Once it runs, all is forgotten.
        try healthy.write(toFile: description, atomically: true, encoding: .utf8)
        try await last.expect("capture runs", within: .seconds(60))
        try await eventually { !FileManager.default.fileExists(atPath: scratch("run/restarts")) }
        last.send(SIGTERM)
        #expect(try await last.end() == 0)
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

/// What does not come over the network comes from the camera's card.
@Suite("Replenish", .serialized, .timeLimit(.minutes(5)))
struct ReplenishTests {
    /// A camera, a store and what lies between them.
    private struct Pair {
        let scratch: ScratchDirectory
        /// In front of each command: what puts it into its network.
        let (cameraNetwork, storeNetwork): ([String], [String])

        init(
            in scratch: ScratchDirectory,
            host: String = "127.0.0.1",
            networks: (camera: [String], store: [String]) = ([], []),
            transport: String = "tcp",
            pushes: Bool = false
        ) async throws {
            self.scratch = scratch
            (cameraNetwork, storeNetwork) = networks
            let ports = try (0..<4).map { _ in try freePort() }
            let storeHost = host == "127.0.0.1" ? host : Network.store
            let push = """
                [camera.push]
                url = "rtsp://\(storeHost):\(ports[2])/door"
                token-file = "\(scratch("token"))"
                web = "http://\(storeHost):\(ports[3])"
                """
            try scratch.write(
                "camera.toml",
                """
                [camera]
                name = "door"
                source = "test"
                width = 320
                height = 240
                bitrate = "500 kbit/s"
                [camera.recording]
                directory = "\(scratch("card"))"
                chunk-duration = "10 s"
                min-free = "100 MB"
                [camera.rtsp]
                listen = "\(host):\(ports[0])"
                tls-listen = "none"
                [camera.web]
                listen = "\(host):\(ports[1])"
                tls-listen = "none"
                [access]
                directory = "\(scratch("camera-access"))"
                \(pushes ? push : "")
                """
            )
            let source = """
                url = "rtsp://\(host):\(ports[0])/door"
                web = "http://\(host):\(ports[1])"
                token-file = "\(scratch("token"))"
                transport = "\(transport)"
                """
            try scratch.write(
                "store.toml",
                """
                [store.recording]
                directory = "\(scratch("store"))"
                chunk-duration = "10 s"
                min-free = "100 MB"
                [store.rtsp]
                listen = "\(storeHost):\(ports[2])"
                tls-listen = "none"
                [store.web]
                listen = "\(storeHost):\(ports[3])"
                tls-listen = "none"
                [access]
                directory = "\(scratch("store-access"))"
                [cameras.door]
                \(pushes ? "push = true" : source)
                """
            )
            let (role, rights) = pushes ? ("store", "publish") : ("camera", "read")
            let words = ["token", "issue", "door", "--rights", rights, "--config", scratch("\(role).toml")]
            let issued = try await run([try Martlet.path] + words)
            try #require(issued.status == 0, "\(issued.errors)")
            try scratch.write("token", issued.output)
        }

        func camera() throws -> Martlet { try start("camera", in: cameraNetwork) }
        func store() throws -> Martlet { try start("store", in: storeNetwork) }

        private func start(_ role: String, in network: [String]) throws -> Martlet {
            try Martlet(running: network + [try Martlet.path, role, "--config", scratch("\(role).toml")])
        }

        /// What one side shows of all that it has, frame by frame.
        private func frames(of role: String) async throws -> [String] {
            let output = scratch("\(role)-\(UUID().uuidString).mp4")
            let span = ["--from", "2026-01-01T00:00:00Z", "--to", "2100-01-01T00:00:00Z"]
            let words = ["chunks", "export", "door", "--output", output, "--config", scratch("\(role).toml")]
            let made = try await run([try Martlet.path] + words + span)
            guard FileManager.default.fileExists(atPath: output) else {
                throw Unexpected(description: "\(role): \(made.errors)")
            }
            return try await accessUnits(of: output)
        }

        /// Waits until the store shows each frame that the camera has of its time, once and in order.
        func becomesWhole() async throws {
            var (has, shows): ([String], [String]) = ([], [])
            func isWhole() -> Bool {
                // A camera that was killed lost its last second, which the store has.
                let known = Set(has)
                let common = shows.filter(known.contains)
                guard let first = common.first, let place = has.firstIndex(of: first) else { return false }
                // What is being written on the card may be ahead, or behind.
                let length = min(common.count, has.count - place)
                return shows.count - common.count < 90 && length > common.count - 90
                    && has[place..<place + length].elementsEqual(common[..<length])
            }
            for _ in 0..<60 {
                (shows, has) = (try await frames(of: "store"), try await frames(of: "camera"))
                if isWhole() { return }
                try await Task.sleep(for: .seconds(2))
            }
            let common = Set(has).intersection(shows).count
            Issue.record(
                "the camera has \(has.count) frames, the store shows \(shows.count), \(common) of the camera's"
            )
        }
    }

    private static func stop(_ processes: Martlet...) async throws {
        for process in processes {
            process.send(SIGTERM)
            #expect(try await process.end() == 0, "\(process.output.suffix(20))")
        }
    }

    @Test("a store that was killed, and a camera that was, have the same frames in the end")
    func killed() async throws {
        let pair = try await Pair(in: try ScratchDirectory())
        var camera = try pair.camera()
        var store = try pair.store()
        try await store.expect("is complete")
        store.send(SIGKILL)
        _ = try await store.end()
        try await camera.expect("is complete", times: camera.count(of: "is complete") + 1)
        store = try pair.store()
        try await store.expect("receiver runs")
        try await store.expect("fetched from the camera's card")
        camera.send(SIGKILL)
        _ = try await camera.end()
        camera = try pair.camera()
        try await store.expect("receiver runs", times: 2)
        try await pair.becomesWhole()
        // The camera knows what it may delete, and the store what came how.
        let listed = try await run(
            [try Martlet.path, "chunks", "list", "--json", "--config", pair.scratch("camera.toml")]
        )
        #expect(listed.output.contains(#""acknowledged" : true"#), "\(listed.output.prefix(2000))")
        let kept = try await run([try Martlet.path, "chunks", "list", "--config", pair.scratch("store.toml")])
        #expect(kept.output.contains("complete, card"), "\(kept.output)")
        try await Self.stop(store, camera)
    }

    @Test("a camera that the store cannot reach brings what the network lost itself")
    func pushed() async throws {
        let pair = try await Pair(in: try ScratchDirectory(), pushes: true)
        var store = try pair.store()
        let camera = try pair.camera()
        try await store.expect("is complete")
        store.send(SIGKILL)
        _ = try await store.end()
        try await camera.expect("is complete", times: camera.count(of: "is complete") + 1)
        store = try pair.store()
        try await store.expect("fetched from the camera's card")
        try await pair.becomesWhole()
        try await Self.stop(store, camera)
    }

    @Test(
        "a link that is cut and loses packets costs not one frame in the end",
        .enabled(if: Network.isPossible, Network.reason)
    )
    func cut() async throws {
        let network = try await Network()
        let pair = try await Pair(
            in: try ScratchDirectory(),
            host: Network.camera,
            networks: (network.cameraSide, network.storeSide),
            transport: "udp"
        )
        let camera = try pair.camera()
        try await camera.expect("capture runs")
        let store = try pair.store()
        try await store.expect("receiver runs")
        try await network.lose(percent: 5)
        try await store.expect("is complete", times: 2)
        try await network.lose(percent: 0)
        try await network.setLink(up: false)
        try await store.expect("receiver stopped: no frame came")
        try await network.setLink(up: true)
        try await store.expect("receiver runs", times: 2)
        try await store.expect("fetched from the camera's card")
        try await pair.becomesWhole()
        try await Self.stop(store, camera)
        await network.remove()
    }
}

/// Two network namespaces with one cable between them.
struct Network {
    static let (camera, store) = ("10.231.7.1", "10.231.7.2")
    /// As root, where there are namespaces and a packet filter.
    static let isPossible = attempt("ip netns add martlet-try && ip netns exec martlet-try nft list tables")
    static let reason: Comment = "network namespaces need root, iproute2 and nftables"

    private let names: (camera: String, store: String)

    var cameraSide: [String] { ["ip", "netns", "exec", names.camera] }
    var storeSide: [String] { ["ip", "netns", "exec", names.store] }

    init() async throws {
        let number = UInt32.random(in: 0...0xFFFF)
        names = ("martlet-\(number)c", "martlet-\(number)s")
        let (one, other) = ("m\(number)c", "m\(number)s")
        try await Self.perform("ip netns add \(names.camera)")
        try await Self.perform("ip netns add \(names.store)")
        try await Self.perform("ip link add \(one) type veth peer name \(other)")
        for (link, name, address) in [(one, names.camera, Self.camera), (other, names.store, Self.store)] {
            try await Self.perform("ip link set \(link) netns \(name)")
            try await Self.perform("ip -n \(name) link set \(link) name cable")
            try await Self.perform("ip -n \(name) addr add \(address)/24 dev cable")
            try await Self.perform("ip -n \(name) link set cable up")
            try await Self.perform("ip -n \(name) link set lo up")
        }
    }

    func setLink(up: Bool) async throws {
        try await Self.perform("ip -n \(names.camera) link set cable \(up ? "up" : "down")")
    }

    /// Of the UDP packets that come to the store so many are lost.
    func lose(percent: Int) async throws {
        let rule =
            percent > 0
            ? "add table ip loss; add chain ip loss in { type filter hook input priority 0; }; "
                + "add rule ip loss in ip protocol udp numgen random mod 100 < \(percent) drop"
            : "delete table ip loss"
        try await Self.perform("ip netns exec \(names.store) nft '\(rule)'")
    }

    /// What is left of it is let go of when the test's processes have ended.
    func remove() async {
        for name in [names.camera, names.store] { _ = try? await run("ip", "netns", "del", name) }
    }

    private static func perform(_ command: String) async throws {
        let result = try await run("sh", "-c", command)
        guard result.status == 0 else { throw Unexpected(description: "\(command): \(result.errors)") }
    }

    private static func attempt(_ command: String) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "(\(command)) >/dev/null 2>&1; status=$?; ip netns del martlet-try 2>/dev/null; exit $status",
        ]
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}

/// Something that a test relies on is not so.
private struct Unexpected: Error, CustomStringConvertible {
    let description: String
}

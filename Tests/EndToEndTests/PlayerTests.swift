// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(4))) struct PlayerTests {
    /// Players that are not ours, and how each is told to play thirty frames.
    static let players: [(String, [String])] = [
        (
            "ffmpeg",
            ["-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", "URL", "-frames:v", "30", "-f", "null", "-"]
        ),
        (
            "ffmpeg",
            ["-nostdin", "-v", "error", "-rtsp_transport", "udp", "-i", "URL", "-frames:v", "30", "-f", "null", "-"]
        ),
        (
            "gst-launch-1.0",
            "-q rtspsrc location=URL protocols=tcp latency=0 ! rtph264depay ! h264parse ! avdec_h264 ! identity eos-after=30 ! jpegenc ! multifilesink location=FRAMES/%03d.jpg"
                .split(separator: " ").map(String.init)
        ),
        (
            "gst-launch-1.0",
            "-q rtspsrc location=URL protocols=udp latency=100 ! rtph264depay ! h264parse ! avdec_h264 ! identity eos-after=30 ! jpegenc ! multifilesink location=FRAMES/%03d.jpg"
                .split(separator: " ").map(String.init)
        ),
        (
            "mpv",
            ["--no-config", "--really-quiet", "--vo=null", "--ao=null", "--frames=30", "--rtsp-transport=tcp", "URL"]
        ),
    ]

    @Test("any player plays camera and store, and players that are killed in the middle disturb nobody")
    func players() async throws {
        let scratch = try ScratchDirectory()
        let door = try TestCamera("door", in: scratch)
        let places = try TestStore([door], in: scratch)
        let camera = try Martlet("camera", "--config", door.configuration)
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("receiver runs")

        for url in [door.url, places.url(of: "door")] {
            for (player, arguments) in Self.players {
                try scratch.makeFolder("frames")
                let words = arguments.map {
                    $0.replacingOccurrences(of: "URL", with: url)
                        .replacingOccurrences(of: "FRAMES", with: scratch("frames"))
                }
                let result = try await run([player] + words)
                if player == "gst-launch-1.0" {
                    // Not by its status: at its own end rtspsrc pauses, and may find the connection closed already.
                    let shown = try FileManager.default.contentsOfDirectory(atPath: scratch("frames")).count
                    #expect(shown >= 29, "\(player) \(arguments): \(result.errors)")
                } else {
                    #expect(result.status == 0, "\(player) \(arguments): \(result.errors)")
                }
                try FileManager.default.removeItem(atPath: scratch("frames"))
            }
            // Each frame once, at a time of its own: ffmpeg complains of anything else.
            let copy = [
                "-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", url, "-t", "3", "-c", "copy", "-f", "null",
                "-",
            ]
            let copied = try await run(["ffmpeg"] + copy)
            #expect(copied.status == 0 && copied.errors.isEmpty, "\(url): \(copied.errors)")
        }
        try await killedPlayers(of: places.url(of: "door"), count: 12)

        camera.send(SIGTERM)
        #expect(try await camera.end() == 0)
        store.send(SIGTERM)
        #expect(try await store.end() == 0)
        for footage in [Footage(of: "door", in: door.directory), Footage(of: "door", in: places.directory)] {
            try await footage.decodes()
            #expect(breaks(in: try await footage.frameTimes()) == [])
        }
        #expect(store.count(of: "RTSP client joins") == store.count(of: "RTSP client left"))
    }

    /// Players at random points of their lives, four at a time, each killed in the middle of it.
    private func killedPlayers(of url: String, count: Int) async throws {
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                if number >= 4 { await group.next() }
                group.addTask {
                    let transport = number % 2 == 0 ? "tcp" : "udp"
                    // `timeout` is the killer: SIGKILL after a random part of a second.
                    let life = String(Double.random(in: 0.02...0.8))
                    _ = try? await run(
                        "timeout",
                        "-s",
                        "KILL",
                        life,
                        "ffmpeg",
                        "-nostdin",
                        "-v",
                        "quiet",
                        "-rtsp_transport",
                        transport,
                        "-i",
                        url,
                        "-f",
                        "null",
                        "-"
                    )
                }
            }
        }
    }
}

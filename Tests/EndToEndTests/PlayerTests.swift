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

    @Test("each command that the documentation of the players has plays, or is refused where it says so")
    func documentedCommands() async throws {
        let scratch = try ScratchDirectory()
        let commands = try PlayerCommands()
        #expect(commands.playing.count > 15 && commands.refused.count > 2 && commands.script.contains("import cv2"))
        let camera = try TestCamera("front-door", in: scratch)
        let places = try TestStore([camera], in: scratch)
        let secure = try freePort()
        try serveEncrypted(places.configuration, at: "127.0.0.1:\(secure)")
        try scratch.write("password", "correct-horse-battery\n")
        func martlet(_ words: String...) async throws -> String {
            let result = try await run([try Martlet.path] + words + ["--config", places.configuration])
            #expect(result.status == 0, "\(result.errors)")
            return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        _ = try await martlet("user", "add", "anna", "--password-file", scratch("password"))
        let names = PlayerCommands.Names(
            camera: camera.name,
            port: places.port,
            securePort: secure,
            user: "anna",
            password: "correct-horse-battery",
            token: try await martlet("token", "issue", camera.name),
            certificate: scratch("access-store/certificate.pem")
        )
        let filming = try Martlet("camera", "--config", camera.configuration)
        let store = try Martlet("store", "--config", places.configuration)
        try await store.expect("receiver runs")
        // A player that refuses the certificate is seen to do it before it has said who it is.
        for (lines, plays) in [(commands.playing, true), (commands.refused, false)] {
            for line in lines where PlayerCommands.hasOpenCV || !PlayerCommands.isOpenCV(line) {
                try scratch.makeFolder("seen")
                try scratch.write("seen/watch.py", commands.script)
                let words = PlayerCommands.runnable(line, names, in: scratch("seen"))
                if line.hasPrefix("ffplay") {
                    let player = try Martlet(running: ["sh", "-c", "exec env \(words)"])
                    try await player.expect(" n:  \(PlayerCommands.frames) ")
                    player.send(SIGTERM)
                } else {
                    let result = try await run("sh", "-c", words)
                    if let frames = try await PlayerCommands.framesLeft(by: line, in: scratch("seen")) {
                        // Not by the status: GStreamer pauses at its own end, and may find the connection closed already.
                        let isRight = plays ? frames >= PlayerCommands.frames - 1 : frames == 0
                        #expect(isRight, "\(line): \(frames) frames: \(result.output)\(result.errors)")
                    } else {
                        #expect((result.status == 0) == plays, "\(line): \(result.output)\(result.errors)")
                    }
                }
                try FileManager.default.removeItem(atPath: scratch("seen"))
            }
        }
        for process in [store, filming] {
            process.send(SIGTERM)
            #expect(try await process.end() == 0)
        }
    }

    @Test(
        "OpenCV is among the players",
        .enabled(
            if: PlayerCommands.hasOpenCV,
            "NOT TRIED: scripts/bootstrap --tests could not have OpenCV from PyPI, so nothing has been found out about it"
        )
    )
    func openCV() async throws {
        let version = try await run(PlayerCommands.opencv, "-c", "import cv2; print(cv2.__version__)")
        #expect(version.status == 0 && version.output.hasPrefix("5."), "\(version.output)\(version.errors)")
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

// SPDX-License-Identifier: Apache-2.0
import GStreamer
import Media
import Testing

@testable import martlet

@Suite("What the command says")
struct OutputTests {
    @Test("columns are as wide as their widest cell, and no line ends in blanks")
    func columns() {
        let rows = [["camera", "frames", "file"], ["till", "7", "a.mp4"], ["front-door", "12345678", "b"]]
        #expect(
            Columns.lines(rows, alignedRight: [1]) == [
                "camera        frames  file",
                "till               7  a.mp4",
                "front-door  12345678  b",
            ]
        )
        #expect(Columns.lines([]) == [])
    }

    private static func camera(
        _ name: String,
        _ state: Status.Camera.State,
        cause: String? = nil,
        trouble: String? = nil
    ) -> Status.Camera {
        Status.Camera(
            name: name,
            source: "receiver",
            state: state,
            seconds: 12,
            cause: cause,
            nextAttempt: state == .backingOff ? 4 : nil,
            faults: cause == nil ? 0 : 1,
            fps: 29.97,
            bitrate: 4_100_000,
            frames: 300,
            undecodable: 0,
            recording: .init(
                enabled: true,
                chunk: "/x.open.mp4",
                trouble: trouble,
                finished: 0,
                unfinished: 0,
                queued: 0
            ),
            viewers: .init(count: 0, queued: 0, skipped: 0)
        )
    }

    /// Role, cameras, what systemd is told.
    private static let summaries: [(String, [Status.Camera], String)] = [
        ("camera", [camera("door", .running)], "running"),
        ("camera", [camera("door", .starting)], "starting; door: starting"),
        (
            "camera", [camera("door", .running, trouble: "cannot write x: No space left on device")],
            "running; door: not recorded (cannot write x: No space left on device)"
        ),
        ("store", [], "no cameras yet"),
        ("store", [camera("door", .running)], "1 of 1 cameras running"),
        (
            "store", [camera("door", .running), camera("till", .backingOff, cause: "no frame came for 5 s")],
            "1 of 2 cameras running; till: no frame came for 5 s"
        ),
        (
            "store", [camera("door", .stopped), camera("till", .stuck, cause: "it broke")],
            "0 of 2 cameras running; door: stopped; till: it hangs in its driver (it broke)"
        ),
    ]

    @Test("systemd is told the state in a sentence, trouble by name", arguments: summaries.indices)
    func summary(row: Int) {
        let (role, cameras, sentence) = Self.summaries[row]
        #expect(Status.summary(role: role, cameras, []) == sentence)
    }

    @Test("what is wrong with a camera is said in sentences, and nothing is said of one that runs or has just started")
    func troubles() {
        #expect(Self.camera("till", .running).troubles == [])
        #expect(Self.camera("till", .starting).troubles == [])
        #expect(
            Self.camera("till", .backingOff, cause: "connection refused by till.local:8554").troubles == [
                "till: no frames for 12 s (connection refused by till.local:8554); trying again in 4 s"
            ]
        )
        #expect(
            Self.camera("till", .starting, cause: "no answer").troubles == [
                "till: no frames for 12 s (no answer); trying now"
            ]
        )
        #expect(
            Self.camera("till", .running, trouble: "disk full").troubles == [
                "till: not recorded (disk full); trying again"
            ]
        )
    }

    @Test("the view for people fits 80 columns, and says below what is wrong")
    func report() {
        var till = Self.camera("till", .backingOff, cause: "connection refused by till.local:8554")
        till.faults = 7
        var door = Self.camera("front-door", .running)
        door.format = .init(codec: "H.264", width: 1920, height: 1080)
        var status = Status(
            role: "store",
            version: "0.1.0",
            gstreamer: "GStreamer 1.26.2",
            process: 812,
            time: "2026-11-21T10:20:00.000Z",
            since: "2026-11-20T18:00:03.000Z",
            well: false,
            summary: "",
            troubles: till.troubles,
            configuration: .init(
                file: "/etc/martlet/config.toml",
                files: [],
                since: "2026-11-21T09:12:44.000Z",
                state: .current,
                mistakes: []
            ),
            clock: .init(synchronised: true),
            rtsp: .init(listen: "0.0.0.0:8554"),
            web: [],
            access: .init(open: false, directory: "/var/lib/martlet/access"),
            recording: .init(directory: "/var/lib/martlet/store", open: true, used: 81_200_000_000),
            resources: .init(memory: 45_300_000, threads: 121, descriptors: 328),
            health: Health(root: "/nowhere"),
            cameras: [door, till]
        )
        (status.recording.maxSpace, status.recording.free) = (500_000_000_000, 419_000_000_000)
        let lines = status.report
        #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines)")
        #expect(lines[0] == "store: 1 of 2 cameras running, 1 trouble")
        #expect(
            lines[2...4] == [
                "camera      state         fps    bit rate  picture          recording  viewers",
                "front-door  running      30.0  4.1 Mbit/s  1920×1080 H.264  yes              0",
                "till        backing-off     -           -  -                yes              0",
            ]
        )
        #expect(lines.contains("access         nobody but this machine: 'martlet user add' lets others in"))
        #expect(lines.contains("footage        81.2 GB of 500 GB in /var/lib/martlet/store, 419 GB free"))
        #expect(
            lines.suffix(2) == [
                "till: no frames for 12 s (connection refused by till.local:8554); trying again",
                "  in 4 s",
            ]
        )
    }

    @Test(
        "durations are said as people say them",
        arguments: [
            (0.04, "0.0 s"), (0.5, "0.5 s"), (12.4, "12 s"), (180.0, "3 min"), (9000.0, "3 h"), (259_200.0, "3 days"),
        ]
    )
    func roughly(seconds: Double, text: String) {
        #expect(seconds.roughly == text)
    }

    @Test(
        "sizes are said in the largest unit that fits",
        arguments: [(0, "0 bytes"), (812_345, "812 kB"), (1_250_000_000, "1.2 GB"), (500_000_000_000, "500 GB")]
    )
    func sizes(bytes: Int64, text: String) {
        #expect(bytes.inBytes == text)
    }
}

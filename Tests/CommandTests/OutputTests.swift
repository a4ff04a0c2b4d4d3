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

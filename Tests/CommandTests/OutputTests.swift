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

    private static let moment = ClockTime(nanoseconds: 1)
    private static let running = Supervisor.State.running(since: moment, lastFrame: moment)
    private static let failing = Supervisor.State.backingOff(until: moment, cause: "no frame came for 5 s")

    /// Role, states, sentence.
    private static let sentences: [(String, [(String, Supervisor.State)], String)] = [
        ("camera", [("door", running)], "running"),
        ("camera", [("door", .starting(since: moment))], "not running; door: starting"),
        ("store", [], "no cameras yet"),
        ("store", [("door", running)], "1 of 1 cameras running"),
        ("store", [("door", running), ("till", failing)], "1 of 2 cameras running; till: no frame came for 5 s"),
        ("store", [("door", .stopped), ("till", .idle)], "0 of 2 cameras running; door: stopped; till: starting"),
    ]

    @Test("systemd is told the state in a sentence, trouble by name", arguments: sentences.indices)
    func sentence(row: Int) {
        let (role, states, sentence) = Self.sentences[row]
        #expect(Daemon.sentence(states.map { ($0.0, $0.1, nil) }, role: role) == sentence)
    }

    @Test("a recording that is broken is told although the video runs")
    func brokenRecording() {
        let sentence = Daemon.sentence(
            [("door", Self.running, "cannot write x: No space left on device")],
            role: "camera"
        )
        #expect(sentence == "running; door: not recording (cannot write x: No space left on device)")
    }
}

// SPDX-License-Identifier: Apache-2.0
import GStreamer
import Testing

@testable import Media

@Suite("Supervisor")
struct SupervisorTests {
    private static let start = ClockTime(nanoseconds: 1_000_000_000_000)

    private static func after(_ duration: Duration) -> ClockTime { start + duration }

    /// A supervisor in each of its states, at ``start``, with seven frames seen.
    private static func supervisor(in name: String) -> Supervisor {
        var supervisor = Supervisor()
        if name == "idle" { return supervisor }
        _ = supervisor.handle(.start, at: start)
        if name == "starting" { return supervisor }
        _ = supervisor.handle(.tick(frames: 7), at: start)
        if name == "running" { return supervisor }
        if name == "backing off" { _ = supervisor.handle(.fault("it broke"), at: start) }
        if name == "stopped" { _ = supervisor.handle(.stop, at: start) }
        return supervisor
    }

    /// State, event, when, what is to be done, and the state's name afterwards.
    private static let table: [(String, Supervisor.Event, Duration, String, String)] = [
        ("idle", .start, .zero, "start", "starting"),
        ("idle", .tick(frames: 1), .zero, "none", "idle"),
        ("idle", .fault("x"), .zero, "none", "idle"),
        ("idle", .stop, .zero, "none", "stopped"),
        ("starting", .start, .zero, "none", "starting"),
        ("starting", .tick(frames: 0), .seconds(9), "none", "starting"),
        ("starting", .tick(frames: 1), .seconds(9), "none", "running"),
        (
            "starting", .tick(frames: 0), .seconds(10), "discard: no frame came within 10 s after the start",
            "backing off"
        ),
        ("starting", .fault("refused"), .seconds(1), "discard: refused", "backing off"),
        ("starting", .stop, .zero, "finish", "stopped"),
        ("running", .start, .zero, "none", "running"),
        ("running", .tick(frames: 8), .seconds(4), "none", "running"),
        ("running", .tick(frames: 7), .milliseconds(4999), "none", "running"),
        ("running", .tick(frames: 7), .seconds(5), "discard: no frame came for 5 s", "backing off"),
        ("running", .fault("broke"), .zero, "discard: broke", "backing off"),
        ("running", .stop, .zero, "finish", "stopped"),
        ("backing off", .start, .zero, "none", "backing off"),
        ("backing off", .tick(frames: 7), .milliseconds(300), "none", "backing off"),
        ("backing off", .tick(frames: 7), .milliseconds(500), "start", "starting"),
        ("backing off", .fault("late"), .zero, "none", "backing off"),
        ("backing off", .stop, .zero, "none", "stopped"),
        ("stopped", .start, .zero, "none", "stopped"),
        ("stopped", .tick(frames: 9), .seconds(60), "none", "stopped"),
        ("stopped", .fault("late"), .zero, "none", "stopped"),
        ("stopped", .stop, .zero, "none", "stopped"),
    ]

    @Test("in every state, every event has its answer", arguments: table.indices)
    func machine(row: Int) {
        let (state, event, delay, action, next) = Self.table[row]
        var supervisor = Self.supervisor(in: state)
        let answer = supervisor.handle(event, at: Self.after(delay))
        #expect(Self.name(answer) == action)
        #expect(Self.name(supervisor.state) == next)
    }

    private static func name(_ action: Supervisor.Action) -> String {
        switch action {
        case .none: "none"
        case .startPipeline: "start"
        case .discardPipeline(let cause, _): "discard: \(cause)"
        case .finishPipeline: "finish"
        }
    }

    private static func name(_ state: Supervisor.State) -> String {
        switch state {
        case .idle: "idle"
        case .starting: "starting"
        case .running: "running"
        case .backingOff: "backing off"
        case .stopped: "stopped"
        }
    }

    @Test("delays double from half a second to four, a quarter of them by chance", arguments: [0.0, 0.5, 1.0])
    func delays(jitter: Double) {
        var supervisor = Supervisor()
        var now = Self.start
        var delays: [Duration] = []
        _ = supervisor.handle(.start, at: now)
        for _ in 0..<6 {
            guard case .discardPipeline(_, let delay) = supervisor.handle(.fault("x"), at: now, jitter: jitter) else {
                Issue.record("a fault was not answered")
                return
            }
            delays.append(delay)
            now = now + delay
            #expect(supervisor.handle(.tick(frames: 0), at: now) == .startPipeline)
        }
        let full: [Duration] = [.milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(4), .seconds(4)]
        #expect(delays == full.map { $0 * (0.75 + 0.25 * jitter) })
        #expect(supervisor.faults == 6)
    }

    @Test("after a minute of frames the next fault is a first one again")
    func recovery() {
        var supervisor = Supervisor()
        var now = Self.start
        _ = supervisor.handle(.start, at: now)
        for _ in 0..<5 {
            _ = supervisor.handle(.fault("x"), at: now)
            now = now + .seconds(5)
            _ = supervisor.handle(.tick(frames: 0), at: now)
        }
        for second in 1...62 { _ = supervisor.handle(.tick(frames: second), at: now + .seconds(second)) }
        let action = supervisor.handle(.fault("x"), at: now + .seconds(63), jitter: 1)
        #expect(action == .discardPipeline(cause: "x", retryAfter: .milliseconds(500)))
    }

    @Test("a day of faults ends in a start after each", .timeLimit(.minutes(1)))
    func day() {
        var supervisor = Supervisor()
        var random = SystemRandomNumberGenerator()
        var frames = 0
        var starts = 0
        _ = supervisor.handle(.start, at: Self.start)
        for tick in 1...(24 * 3600 * 4) {
            let now = Self.start + .milliseconds(250 * tick)
            if Bool.random(using: &random) { frames += 7 }
            if Int.random(in: 0..<400, using: &random) == 0 { _ = supervisor.handle(.fault("x"), at: now) }
            if supervisor.handle(.tick(frames: frames), at: now) == .startPipeline { starts += 1 }
        }
        #expect(starts > 100)
        #expect((supervisor.faults - 1...supervisor.faults).contains(starts))
    }

    @Test(
        "durations read as people write them",
        arguments: [(500, "0.5 s"), (5000, "5 s"), (1840, "1.8 s"), (99, "0.1 s")]
    )
    func seconds(milliseconds: Int, text: String) {
        #expect(Duration.milliseconds(milliseconds).inSeconds == text)
    }
}

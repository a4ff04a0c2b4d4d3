// SPDX-License-Identifier: Apache-2.0
import GStreamer
import TestSupport
import Testing

@testable import Media

@Suite("Supervisor")
struct SupervisorTests {
    private static let start = ClockTime(nanoseconds: 1_000_000_000_000)

    private static func after(_ duration: Duration) -> ClockTime { start + duration }

    /// What has come: frames that all can be decoded, a keyframe among them each time.
    private static func tick(frames: Int, keyframes: Int? = nil, undecodable: Int = 0) -> Supervisor.Event {
        var statistics = Feed.Statistics()
        (statistics.frames, statistics.keyframes) = (frames, keyframes ?? frames)
        statistics.undecodable = undecodable
        return .tick(statistics)
    }

    /// A supervisor in each of its states, at ``start``, with seven frames seen.
    private static func supervisor(in name: String) -> Supervisor {
        var policy = Supervisor.Policy()
        policy.hangLimit = 1
        var supervisor = Supervisor(policy: name == "stuck" ? policy : Supervisor.Policy())
        if name == "idle" { return supervisor }
        _ = supervisor.handle(.start, at: start)
        if name == "starting" { return supervisor }
        _ = supervisor.handle(tick(frames: 7), at: start)
        if name == "running" { return supervisor }
        if name == "stopped" {
            _ = supervisor.handle(.stop, at: start)
            return supervisor
        }
        _ = supervisor.handle(.fault("it broke"), at: start, jitter: 1)
        // One that was given up and does not let go is one too many here.
        if name == "stuck" { _ = supervisor.handle(tick(frames: 7), at: start + .seconds(1)) }
        return supervisor
    }

    /// State, event, when, what is to be done, and the state's name afterwards.
    private static let table: [(String, Supervisor.Event, Duration, String, String)] = [
        ("idle", .start, .zero, "start", "starting"),
        ("idle", tick(frames: 1), .zero, "none", "idle"),
        ("idle", .fault("x"), .zero, "none", "idle"),
        ("idle", .released, .zero, "none", "idle"),
        ("idle", .held(.seconds(9)), .zero, "none", "idle"),
        ("idle", .reconfigured, .zero, "none", "idle"),
        ("idle", .stop, .zero, "none", "stopped"),
        ("starting", .start, .zero, "none", "starting"),
        ("starting", tick(frames: 0), .seconds(9), "none", "starting"),
        ("starting", tick(frames: 1), .seconds(9), "none", "running"),
        (
            "starting", tick(frames: 0), .seconds(10), "discard: no frame came within 10 s after the start",
            "backing off"
        ),
        ("starting", tick(frames: 90, keyframes: 0, undecodable: 90), .seconds(59), "none", "starting"),
        (
            "starting", tick(frames: 90, keyframes: 0, undecodable: 90), .seconds(60),
            "discard: frames come, but no keyframe for 60 s: set the camera to one every second or two", "backing off"
        ),
        ("starting", .fault("refused"), .seconds(1), "discard: refused", "backing off"),
        ("starting", .released, .zero, "none", "starting"),
        ("starting", .held(.seconds(9)), .seconds(20), "none", "starting"),
        ("starting", .reconfigured, .zero, "replace", "backing off"),
        ("starting", .stop, .zero, "finish", "stopped"),
        ("running", .start, .zero, "none", "running"),
        ("running", tick(frames: 8), .seconds(4), "none", "running"),
        ("running", tick(frames: 7), .milliseconds(4999), "none", "running"),
        ("running", tick(frames: 7), .seconds(5), "discard: no frame came for 5 s", "backing off"),
        ("running", tick(frames: 99, keyframes: 7), .seconds(59), "none", "running"),
        (
            "running", tick(frames: 99, keyframes: 7), .seconds(60),
            "discard: frames come, but no keyframe for 60 s: set the camera to one every second or two", "backing off"
        ),
        ("running", tick(frames: 99, keyframes: 8), .seconds(60), "none", "running"),
        ("running", .fault("broke"), .zero, "discard: broke", "backing off"),
        ("running", .released, .zero, "none", "running"),
        ("running", .held(.seconds(9)), .seconds(9), "none", "running"),
        ("running", .reconfigured, .zero, "replace", "backing off"),
        ("running", .stop, .zero, "finish", "stopped"),
        ("backing off", .start, .zero, "none", "backing off"),
        ("backing off", tick(frames: 7), .milliseconds(300), "none", "backing off"),
        ("backing off", tick(frames: 7), .milliseconds(500), "start", "starting"),
        ("backing off", .fault("late"), .zero, "none", "backing off"),
        ("backing off", .released, .zero, "none", "backing off"),
        ("backing off", .held(.seconds(9)), .seconds(9), "none", "backing off"),
        ("backing off", .reconfigured, .zero, "none", "backing off"),
        ("backing off", .stop, .zero, "none", "stopped"),
        ("stuck", .start, .seconds(1), "none", "stuck"),
        ("stuck", tick(frames: 7), .seconds(600), "none", "stuck"),
        ("stuck", .fault("late"), .seconds(1), "none", "stuck"),
        ("stuck", .released, .seconds(1), "none", "backing off"),
        ("stuck", .held(.seconds(9)), .seconds(9), "none", "stuck"),
        ("stuck", .reconfigured, .seconds(1), "none", "backing off"),
        ("stuck", .stop, .seconds(1), "none", "stopped"),
        ("stopped", .start, .zero, "none", "stopped"),
        ("stopped", tick(frames: 9), .seconds(60), "none", "stopped"),
        ("stopped", .fault("late"), .zero, "none", "stopped"),
        ("stopped", .released, .zero, "none", "stopped"),
        ("stopped", .held(.seconds(9)), .zero, "none", "stopped"),
        ("stopped", .reconfigured, .zero, "none", "stopped"),
        ("stopped", .stop, .zero, "none", "stopped"),
    ]

    @Test("in every state, every event has its answer", arguments: table.indices)
    func machine(row: Int) {
        let (state, event, delay, action, next) = Self.table[row]
        var supervisor = Self.supervisor(in: state)
        #expect(Self.name(supervisor.state) == state)
        let answer = supervisor.handle(event, at: Self.after(delay))
        #expect(Self.name(answer) == action)
        #expect(Self.name(supervisor.state) == next)
    }

    private static func name(_ action: Supervisor.Action) -> String {
        switch action {
        case .none: "none"
        case .startPipeline: "start"
        case .discardPipeline(let cause, _): "discard: \(cause)"
        case .escalate(let cause, _): "escalate: \(cause)"
        case .replacePipeline: "replace"
        case .finishPipeline: "finish"
        }
    }

    private static func name(_ state: Supervisor.State) -> String {
        switch state {
        case .idle: "idle"
        case .starting: "starting"
        case .running: "running"
        case .backingOff: "backing off"
        case .stuck: "stuck"
        case .stopped: "stopped"
        }
    }

    @Test("delays double from half a second to four, half of them by chance", arguments: [0.0, 0.5, 1.0])
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
            _ = supervisor.handle(.released, at: now)
            #expect(supervisor.handle(Self.tick(frames: 0), at: now) == .startPipeline)
        }
        let full: [Duration] = [.milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(4), .seconds(4)]
        #expect(delays == full.map { $0 * (0.5 + 0.5 * jitter) })
        #expect(supervisor.faults == 6)
        #expect(supervisor.lastFault?.cause == "x")
    }

    @Test("a hundred cameras that are lost together do not come back at one moment")
    func herd() {
        var random = SeededRandom(seed: 1)
        var supervisors = (0..<100).map { _ in Supervisor() }
        var starts: [Int: Int] = [:]
        for index in supervisors.indices {
            _ = supervisors[index].handle(.start, at: Self.start)
            _ = supervisors[index].handle(Self.tick(frames: 7), at: Self.start)
        }
        // Their network is away for a minute: every attempt fails at once.
        for tick in 1...240 {
            let now = Self.start + .milliseconds(250 * tick)
            for index in supervisors.indices {
                let jitter = Double.random(in: 0...1, using: &random)
                if tick == 1 { _ = supervisors[index].handle(.fault("away"), at: now, jitter: jitter) }
                _ = supervisors[index].handle(.released, at: now)
                guard supervisors[index].handle(Self.tick(frames: 7), at: now) == .startPipeline else { continue }
                starts[tick, default: 0] += 1
                _ = supervisors[index].handle(.fault("away"), at: now, jitter: jitter)
            }
        }
        // At first half a second is all there is to spread over; then no quarter of a second sees more than a fifth.
        let later = starts.filter { $0.key > 40 }.values
        #expect(later.max() ?? 0 <= 20, "\(starts)")
        #expect(later.reduce(0, +) > 1000)
    }

    @Test("a device that the last pipeline still holds is waited for, but not for ever")
    func release() {
        var policy = Supervisor.Policy()
        policy.releaseLimit = .seconds(2)
        for isReleased in [true, false] {
            var supervisor = Supervisor(policy: policy)
            _ = supervisor.handle(.start, at: Self.start)
            _ = supervisor.handle(.fault("x"), at: Self.start, jitter: 1)
            #expect(supervisor.handle(Self.tick(frames: 0), at: Self.after(.seconds(1))) == .none)
            if isReleased { _ = supervisor.handle(.released, at: Self.after(.seconds(1))) }
            let limit = isReleased ? Duration.seconds(1) : .milliseconds(2500)
            #expect(supervisor.handle(Self.tick(frames: 0), at: Self.after(limit)) == .startPipeline)
        }
    }

    @Test("pipelines that hang are not joined by ever more: the process is asked to start anew, where that may help")
    func hanging() {
        for escalates in [true, false] {
            var policy = Supervisor.Policy()
            if escalates { policy.escalationAfter = 1000 }
            var supervisor = Supervisor(policy: policy)
            var now = Self.start
            var starts = 0
            var escalations = 0
            _ = supervisor.handle(.start, at: now)
            for _ in 0..<1000 {
                now = now + .seconds(1)
                switch supervisor.handle(Self.tick(frames: 0), at: now) {
                case .startPipeline: starts += 1
                case .escalate: escalations += 1
                default: break
                }
                _ = supervisor.handle(.fault("no answer"), at: now)
            }
            #expect(starts == policy.hangLimit - 1)
            #expect(escalations == (escalates ? 1 : 0))
            #expect(Self.name(supervisor.state) == "stuck")
            // One lets go, at last.
            _ = supervisor.handle(.released, at: now)
            #expect(supervisor.handle(Self.tick(frames: 0), at: now) == .startPipeline)
        }
    }

    @Test("other settings are tried once, however many pipelines hang")
    func pardon() {
        var supervisor = Self.supervisor(in: "stuck")
        let now = Self.after(.seconds(60))
        _ = supervisor.handle(.reconfigured, at: now)
        #expect(supervisor.handle(Self.tick(frames: 7), at: now) == .startPipeline)
        _ = supervisor.handle(.fault("it hangs as well"), at: now, jitter: 0)
        #expect(supervisor.handle(Self.tick(frames: 7), at: now + .seconds(5)) == .none)
        #expect(Self.name(supervisor.state) == "stuck")
    }

    @Test("a camera that worked and comes no more is a matter for the process; one that never worked is not")
    func escalation() {
        for hasRun in [true, false] {
            var policy = Supervisor.Policy()
            policy.escalationAfter = 5
            var supervisor = Supervisor(policy: policy, hasRun: hasRun)
            var now = Self.start
            var answers: [String] = []
            _ = supervisor.handle(.start, at: now)
            for _ in 0..<11 {
                answers.append(Self.name(supervisor.handle(.fault("x"), at: now)))
                now = now + .seconds(5)
                _ = supervisor.handle(.released, at: now)
                _ = supervisor.handle(Self.tick(frames: 0), at: now)
            }
            let escalations = answers.indices.filter { answers[$0] == "escalate: x" }
            #expect(escalations == (hasRun ? [4, 9] : []))
        }
    }

    @Test("a process that stood still blames nobody, and then looks as closely as before")
    func held() {
        for state in ["starting", "running"] {
            var supervisor = Self.supervisor(in: state)
            let frames = state == "running" ? 7 : 0
            _ = supervisor.handle(.held(.seconds(3600)), at: Self.after(.seconds(3600)))
            #expect(supervisor.handle(Self.tick(frames: frames), at: Self.after(.seconds(3604))) == .none)
            let late = supervisor.handle(Self.tick(frames: frames), at: Self.after(.seconds(3610)))
            #expect(Self.name(late).hasPrefix("discard: no frame came"))
        }
    }

    @Test("other settings take effect at once, and are no fault")
    func reconfigured() {
        var supervisor = Self.supervisor(in: "running")
        #expect(supervisor.handle(.reconfigured, at: Self.start) == .replacePipeline)
        #expect(supervisor.handle(Self.tick(frames: 7), at: Self.start) == .startPipeline)
        #expect(supervisor.faults == 0)
        supervisor = Self.supervisor(in: "backing off")
        _ = supervisor.handle(.reconfigured, at: Self.start)
        #expect(supervisor.handle(Self.tick(frames: 7), at: Self.start) == .startPipeline)
    }

    @Test("after a minute of frames the next fault is a first one again")
    func recovery() {
        var supervisor = Supervisor()
        var now = Self.start
        _ = supervisor.handle(.start, at: now)
        for _ in 0..<5 {
            _ = supervisor.handle(.fault("x"), at: now)
            _ = supervisor.handle(.released, at: now)
            now = now + .seconds(5)
            _ = supervisor.handle(Self.tick(frames: 0), at: now)
        }
        for second in 1...62 { _ = supervisor.handle(Self.tick(frames: second), at: now + .seconds(second)) }
        let action = supervisor.handle(.fault("x"), at: now + .seconds(63), jitter: 1)
        #expect(action == .discardPipeline(cause: "x", retryAfter: .milliseconds(500)))
    }

    @Test("what others say is one line that people read, and that a terminal obeys in nothing")
    func oneLine() {
        #expect("bad\u{1B}[31m\r\nred\u{9B}0m (500)".inOneLine == "bad [31m  red 0m (500)")
        #expect(String(repeating: "A", count: 5000).inOneLine == String(repeating: "A", count: 300) + "…")
    }

    @Test("a day of faults ends in a start after each", .timeLimit(.minutes(1)))
    func day() {
        var supervisor = Supervisor()
        var random = SeededRandom(seed: 1)
        var frames = 0
        var starts = 0
        _ = supervisor.handle(.start, at: Self.start)
        for tick in 1...(24 * 3600 * 4) {
            let now = Self.start + .milliseconds(250 * tick)
            if Bool.random(using: &random) { frames += 7 }
            if Int.random(in: 0..<400, using: &random) == 0 { _ = supervisor.handle(.fault("x"), at: now) }
            _ = supervisor.handle(.released, at: now)
            if supervisor.handle(Self.tick(frames: frames), at: now) == .startPipeline { starts += 1 }
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

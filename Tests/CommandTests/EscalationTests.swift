// SPDX-License-Identifier: Apache-2.0
import GLib
import Synchronization
import TestSupport
import Testing

@testable import martlet

@Suite("When new pipelines do not help")
struct EscalationTests {
    /// Restarts so far, whether the machine may be restarted, how long it has run, what is done.
    private static let steps: [(Int, Bool, Duration, Escalation.Step)] = [
        (0, false, .seconds(5), .restartProcess),
        (2, true, .seconds(5), .restartProcess),
        (3, false, .seconds(86_400), .none),
        (3, true, .seconds(599), .none),
        (3, true, .seconds(600), .restartMachine),
        (7, true, .seconds(86_400), .restartMachine),
    ]

    @Test("the process starts anew three times, then, where it may, the machine", arguments: steps.indices)
    func step(row: Int) {
        let (restarts, allowsReboot, uptime, step) = Self.steps[row]
        #expect(Escalation.step(restarts: restarts, allowsReboot: allowsReboot, uptime: uptime) == step)
    }

    @Test("frames make it forget how often it has tried")
    func frames() throws {
        let scratch = try ScratchDirectory()
        let runtime = RuntimeDirectory(path: scratch.path)
        runtime.write(.restarts, "2")
        Escalation(runtime: runtime).noteFrames()
        #expect(!runtime.has(.restarts))
        #expect(runtime.has(.frames))
    }

    @Test("without a runtime directory nothing is remembered, and nobody started anew")
    func nowhere() {
        let runtime = RuntimeDirectory(path: nil)
        runtime.write(.frames)
        #expect(!runtime.has(.frames))
        #expect(Escalation(runtime: runtime).next("it hangs", allowsReboot: true) == .none)
    }
}

@Suite("Watchdog", .mainLoop, .timeLimit(.minutes(1)))
struct WatchdogTests {
    /// Counts the words to systemd.
    private final class Words: Sendable {
        private let counter = Atomic<Int>(0)
        var count: Int { counter.load(ordering: .relaxed) }
        func say() { counter.add(1, ordering: .relaxed) }
    }

    @Test("is fed while the main loop turns and cameras are looked after, and at no other time")
    @MainLoop
    func feeding() async throws {
        let words = Words()
        let isAlive = Atomic<Bool>(true)
        let watchdog = Watchdog(limit: .milliseconds(30)) { words.say() }
        let asked = Atomic<Int>(0)
        let feeding = Task {
            await watchdog.run {
                asked.add(1, ordering: .relaxed)
                return isAlive.load(ordering: .relaxed)
            }
        }
        try await eventually { words.count >= 3 }
        // A main loop that is held up feeds nobody, however much time passes.
        let before = words.count
        let end = ContinuousClock.now + .milliseconds(200)
        while .now < end {}
        #expect(words.count == before)
        try await eventually { words.count > before }
        // Nor does one that turns, if a camera is not looked after.
        isAlive.store(false, ordering: .relaxed)
        let (silent, askedBefore) = (words.count, asked.load(ordering: .relaxed))
        try await eventually { asked.load(ordering: .relaxed) >= askedBefore + 5 }
        #expect(words.count == silent)
        feeding.cancel()
    }
}

// SPDX-License-Identifier: Apache-2.0
import CGStreamer
import GLib
import Synchronization
import TestSupport
import Testing

@Suite("Main loop", .mainLoop, .timeLimit(.minutes(1)))
struct MainLoopTests {
    @Test("isolated code runs on the thread that runs the loop")
    @MainLoop
    func thread() {
        #expect(g_main_context_is_owner(nil) != 0)
    }

    @Test("other code does not")
    func otherThread() {
        #expect(g_main_context_is_owner(nil) == 0)
    }

    @Test("jobs run in the order in which they were queued")
    func order() async {
        let log = Log()
        let tasks = (0..<500).map { number in Task { @MainLoop in log.add(number) } }
        for task in tasks { await task.value }
        // Tasks are queued by one thread here, each when it is made.
        #expect(await log.numbers == Array(0..<500))
    }

    @Test("a job that queues others for ever leaves the loop's other sources their turn")
    func fairness() async {
        let flag = Flag()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await Self.spin(until: flag) }
            group.addTask {
                await Self.nextIdle()
                flag.isUp = true
            }
        }
        #expect(flag.isUp)
    }

    /// Queues one job after the other on the loop.
    @MainLoop private static func spin(until flag: Flag) async {
        while !flag.isUp { await Task.yield() }
    }

    private final class Flag: Sendable {
        private let value = Atomic<Bool>(false)

        var isUp: Bool {
            get { value.load(ordering: .relaxed) }
            set { value.store(newValue, ordering: .relaxed) }
        }
    }

    /// Waits until GLib has called a source of its own on the loop.
    private static func nextIdle() async {
        typealias Waiter = CheckedContinuation<Void, Never>
        await withCheckedContinuation { (waiter: Waiter) in
            g_idle_add_full(
                G_PRIORITY_DEFAULT,
                { data in
                    if let data { Retained<Waiter>.value(of: data).resume() }
                    return 0
                },
                Retained<Waiter>(waiter).toOpaque(),
                { data in if let data { Retained<Waiter>.release(data) } }
            )
        }
    }

    @Test("what GLib calls on the loop's thread may use what is isolated to it")
    func assumed() async {
        let log = Log()
        let work: @Sendable () -> Void = { MainLoop.assumeIsolated { log.add(7) } }
        await Self.onIdle(work)
        #expect(await log.numbers == [7])
    }

    @Test("what assumes the loop's thread hands on results and errors")
    @MainLoop
    func assumedResult() {
        struct Refused: Error, Equatable {}
        #expect(MainLoop.assumeIsolated { 42 } == 42)
        #expect(throws: Refused()) { try MainLoop.assumeIsolated { throw Refused() } }
    }

    private static func onIdle(_ work: @escaping @Sendable () -> Void) async {
        await Task { @MainLoop in work() }.value
    }

    @MainLoop private final class Log {
        private(set) var numbers: [Int] = []

        nonisolated init() {}

        func add(_ number: Int) { numbers.append(number) }
    }
}

@Suite("Unix signals", .mainLoop, .timeLimit(.minutes(1)))
struct UnixSignalTests {
    @Test("a signal arrives as its number, in the order of arrival")
    func arrival() async {
        let signals = UnixSignal.stream(of: [SIGUSR1, SIGUSR2])
        var iterator = signals.makeAsyncIterator()
        for number in [SIGUSR2, SIGUSR1, SIGUSR2] {
            kill(getpid(), number)
            #expect(await iterator.next() == number)
        }
    }
}

@Suite("Subprocess", .mainLoop, .timeLimit(.minutes(1)))
struct SubprocessTests {
    @Test(
        "the end of a process is told as its status, or its signal",
        arguments: [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", -9)]
    )
    @MainLoop
    func end(script: String, status: Int32) async throws {
        #expect(try await Subprocess(["/bin/sh", "-c", script]).waitForEnd() == status)
    }

    @Test("a process that runs can be told to end, and has no number any more")
    @MainLoop
    func signalled() async throws {
        let process = try Subprocess(["/bin/sleep", "600"])
        #expect(try #require(process.identifier) > 0)
        process.send(signal: SIGTERM)
        #expect(await process.waitForEnd() == -SIGTERM)
        #expect(process.identifier == nil)
    }

    @Test("a program that is not there is an error in GLib's words")
    @MainLoop
    func missing() {
        #expect {
            try Subprocess(["/nonexistent/program"])
        } throws: { error in
            "\(error)".contains("/nonexistent/program")
        }
    }
}

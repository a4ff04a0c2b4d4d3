// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import Synchronization

/// Runs Swift jobs on the thread that iterates a `GMainContext`.
///
/// One `GSource` serves every job: `enqueue` appends under a lock and, only when the queue was empty, arms the source;
/// its dispatch takes the whole queue and runs it. `g_main_context_invoke` would not do: it runs a job at once when the
/// caller owns the context, in the middle of whatever the caller is doing. A hop costs 10 to 30 µs: for control, never
/// per frame.
package final class MainContextExecutor: SerialExecutor, @unchecked Sendable {
    // GMainContext and GSource lock themselves; `queue` is a mutex; nothing else changes after `init`.
    private let context: OpaquePointer?
    private let source: UnsafeMutablePointer<GSource>
    private let queue = Mutex<[UnownedJob]>([])

    // Written once, before the first source exists, and kept for ever, as g_source_new requires.
    nonisolated(unsafe) private static let sourceFunctions: UnsafeMutablePointer<GSourceFuncs> = {
        let functions = UnsafeMutablePointer<GSourceFuncs>.allocate(capacity: 1)
        functions.initialize(to: GSourceFuncs())
        functions.pointee.dispatch = { source, _, data in
            g_source_set_ready_time(source, -1)
            if let data { Unmanaged<MainContextExecutor>.fromOpaque(data).takeUnretainedValue().drain() }
            return 1
        }
        return functions
    }()

    /// Serves the process's default context: lives, and must live, as long as the process.
    init() {
        context = g_main_context_default()
        source = g_source_new(Self.sourceFunctions, guint(MemoryLayout<GSource>.size))
        // Only carries the pointer: `dispatch` above never calls the callback. Unretained, since nothing outlives it.
        g_source_set_callback(source, { _ in 1 }, Unmanaged.passUnretained(self).toOpaque(), nil)
        g_source_set_name(source, "swift-jobs")
        g_source_attach(source, context)
    }

    /// Queues a job from any thread and wakes the context.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isFirst = queue.withLock { queue in
            queue.append(job)
            return queue.count == 1
        }
        if isFirst { g_source_set_ready_time(source, 0) }
    }

    /// Runs what is queued, and what that queues in turn, for a bounded number of rounds: a chain of jobs does not pay
    /// a `poll` each, and the context's other sources still get their turn.
    private func drain() {
        for _ in 0..<64 {
            let jobs = queue.withLock { queue in
                let taken = queue
                queue.removeAll(keepingCapacity: true)
                return taken
            }
            if jobs.isEmpty { return }
            for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
        }
        if queue.withLock({ !$0.isEmpty }) { g_source_set_ready_time(source, 0) }
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    package func checkIsolated() {
        precondition(g_main_context_is_owner(context) != 0, "not on the thread that runs the main loop")
    }
}

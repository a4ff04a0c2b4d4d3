// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import Synchronization

/// Does something on the main loop again and again, for as long as there is something to do.
///
/// A process that has nothing to do is not woken by it.
package final class RepeatingTimer: Sendable {
    private let interval: Duration
    private let body: @Sendable () -> Bool
    /// What runs; counted, so that one that was stopped while it did its work does not come back.
    private let state = Mutex((isRunning: false, source: guint(0), count: 0))

    /// Nothing is done before ``start()``; `body` returns whether there will be more to do.
    package init(every interval: Duration, _ body: @escaping @Sendable () -> Bool) {
        (self.interval, self.body) = (interval, body)
    }

    deinit { stop() }

    /// There is something to do from now on; on any thread, and any number of times.
    package func start() {
        state.withLock { state in
            guard !state.isRunning else { return }
            state.isRunning = true
            state.count += 1
            let source = MainLoop.timeoutSource(interval)
            g_source_set_callback(
                source,
                { data in
                    guard let data else { return 0 }
                    return Retained<RepeatingTimer.Weak>.value(of: data).fire()
                },
                Retained(Weak(timer: self)).toOpaque(),
                { data in if let data { Retained<RepeatingTimer.Weak>.release(data) } }
            )
            state.source = g_source_attach(source, g_main_context_default())
            g_source_unref(source)
        }
    }

    package func stop() {
        let source = state.withLock { state in
            defer { state = (false, 0, state.count + 1) }
            return state.source
        }
        if source != 0 { g_source_remove(source) }
    }

    private final class Weak: Sendable {
        private let target: Mutex<WeakReference>

        private struct WeakReference { weak var timer: RepeatingTimer? }

        init(timer: RepeatingTimer) { target = Mutex(WeakReference(timer: timer)) }

        func fire() -> gboolean {
            guard let timer = target.withLock({ $0.timer }) else { return 0 }
            return timer.fire() ? 1 : 0
        }
    }

    private func fire() -> Bool {
        // Before it is looked: what comes while it is looked starts it anew.
        let count = state.withLock { state in
            state.isRunning = false
            return state.count
        }
        let goesOn = body()
        return state.withLock { state in
            // Somebody has started another meanwhile, or has stopped this one.
            if state.count != count { return false }
            state.isRunning = goesOn
            if !goesOn { state.source = 0 }
            return goesOn
        }
    }
}

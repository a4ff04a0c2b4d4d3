// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import Synchronization

extension MainLoop {
    /// Waits on the main loop itself: no other thread is woken for it, as `Task.sleep` would.
    ///
    /// Whole seconds are waited for together with others', at the same moments, and may be up to a second longer.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    @MainLoop package static func sleep(for duration: Duration) async throws {
        try await sleep { sleeper, waiter in sleeper.begin(MainLoop.timeoutSource(duration), waiter) }
    }

    @MainLoop private static func sleep(
        _ begin: (Sleeper, CheckedContinuation<Void, any Error>) -> Void
    ) async throws {
        let sleeper = Sleeper()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { begin(sleeper, $0) }
        } onCancel: {
            sleeper.cancel()
        }
    }

    /// Waits until the media clock shows a multiple of `interval`: all who wait so are woken together.
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    @MainLoop package static func sleep(untilNext interval: Duration) async throws {
        let now = g_get_monotonic_time()
        let step = gint64(interval / .microseconds(1))
        try await sleep { sleeper, waiter in sleeper.begin(at: (now / step + 1) * step, waiter) }
    }

    /// A source for `g_source_attach`: of whole seconds one that is woken together with others.
    static func timeoutSource(_ duration: Duration) -> UnsafeMutablePointer<GSource>? {
        let (seconds, rest) = duration.components
        if seconds > 0, rest == 0 { return g_timeout_source_new_seconds(guint(clamping: seconds)) }
        return g_timeout_source_new(guint(clamping: Int((duration / .milliseconds(1)).rounded(.up))))
    }
}

/// One who waits for a timeout of the main loop.
private final class Sleeper: Sendable {
    private let state = Mutex(State())

    // GSource locks itself.
    private struct State: @unchecked Sendable {
        var waiter: CheckedContinuation<Void, any Error>?
        var source: UnsafeMutablePointer<GSource>?
        var isCancelled = false
    }

    /// Until a moment of the monotonic clock, in microseconds.
    func begin(at moment: gint64, _ waiter: CheckedContinuation<Void, any Error>) {
        // One of an hour, which is ready before that.
        let source = g_timeout_source_new(3_600_000)
        g_source_set_ready_time(source, moment)
        begin(source, waiter)
    }

    func begin(_ source: UnsafeMutablePointer<GSource>?, _ waiter: CheckedContinuation<Void, any Error>) {
        let isCancelled = state.withLock { state in
            if state.isCancelled {
                g_source_unref(source)
                return true
            }
            g_source_set_callback(
                source,
                { data in
                    if let data { Retained<Sleeper>.value(of: data).end(nil) }
                    return 0
                },
                Retained(self).toOpaque(),
                { data in if let data { Retained<Sleeper>.release(data) } }
            )
            g_source_attach(source, g_main_context_default())
            (state.waiter, state.source) = (waiter, source)
            return false
        }
        if isCancelled { waiter.resume(throwing: CancellationError()) }
    }

    func cancel() {
        state.withLock { $0.isCancelled = true }
        end(CancellationError())
    }

    private func end(_ error: (any Error)?) {
        let (waiter, source) = state.withLock { state in
            defer { (state.waiter, state.source) = (nil, nil) }
            return (state.waiter, state.source)
        }
        if let source {
            g_source_destroy(source)
            g_source_unref(source)
        }
        if let error { waiter?.resume(throwing: error) } else { waiter?.resume() }
    }
}

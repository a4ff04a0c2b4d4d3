// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// Does something after a time on a thread of its own, whatever the main loop is doing: the last resort of a stop.
package enum Deadline {
    /// There is no way back: for a process that is about to end.
    package static func run(after limit: Duration, _ body: @escaping @Sendable () -> Void) {
        let microseconds = limit.components.seconds * 1_000_000 + limit.components.attoseconds / 1_000_000_000_000
        typealias Work = @Sendable () -> Void
        let work: Work = {
            g_usleep(gulong(max(0, microseconds)))
            body()
        }
        let thread = g_thread_new(
            "deadline",
            { data in
                if let data {
                    Retained<Work>.value(of: data)()
                    Retained<Work>.release(data)
                }
                return nil
            },
            Retained<Work>(work).toOpaque()
        )
        g_thread_unref(thread)
    }
}

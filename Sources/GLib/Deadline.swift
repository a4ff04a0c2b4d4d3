// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// Does something after a time on a thread of its own, whatever the main loop is doing: the last resort of a stop.
package enum Deadline {
    /// There is no way back: for a process that is about to end.
    package static func run(after limit: Duration, _ body: @escaping @Sendable () -> Void) {
        let microseconds = limit.components.seconds * 1_000_000 + limit.components.attoseconds / 1_000_000_000_000
        DetachedThread.start("deadline") {
            g_usleep(gulong(max(0, microseconds)))
            body()
        }
    }
}

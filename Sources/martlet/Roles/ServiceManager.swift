// SPDX-License-Identifier: Apache-2.0
internal import CSystemd
internal import Dispatch
internal import GLib
internal import Glibc
internal import Synchronization

/// What systemd is told of a daemon (`sd_notify`); nothing happens where nobody listens.
enum ServiceManager {
    /// The daemon is up: units that come after it may start.
    static func ready() { notify("READY=1") }

    /// The watchdog waits anew.
    static func alive() { notify("WATCHDOG=1") }

    static func stopping() { notify("STOPPING=1") }

    /// A sentence for `systemctl status`.
    static func status(_ sentence: String) { notify("STATUS=\(sentence)") }

    private static let hasComplained = Atomic(false)

    /// A service manager that does not listen holds up nobody: its socket is full after a while, and writing to it waits.
    private static let queue = DispatchQueue(label: "service-manager")
    private static let waiting = Atomic(0)
    private static let mostWaiting = 16

    private static func notify(_ state: String) {
        guard waiting.load(ordering: .relaxed) < mostWaiting else { return }
        waiting.add(1, ordering: .relaxed)
        queue.async {
            let result = sd_notify(0, state)
            waiting.subtract(1, ordering: .relaxed)
            // Said once: the watchdog would be told of every few seconds.
            guard result < 0, hasComplained.exchange(true, ordering: .relaxed) == false else { return }
            Log.warning("systemd cannot be told '\(state)': \(String(cString: strerror(-result)))")
        }
    }
}

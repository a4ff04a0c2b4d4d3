// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import Glibc

/// Tells systemd that the daemon lives, for as long as that is true (`WatchdogSec=`).
///
/// On the main loop: while that is held up nothing is told, and systemd starts the process anew.
@MainLoop struct Watchdog {
    /// After so long without a word systemd takes the process for dead.
    let limit: Duration
    let notify: @Sendable () -> Void

    /// `nil` where no watchdog waits for this process (`sd_watchdog_enabled`).
    nonisolated init?(notify: @escaping @Sendable () -> Void = { ServiceManager.alive() }) {
        guard let text = getenv("WATCHDOG_USEC"), let microseconds = Int64(String(cString: text)), microseconds > 0
        else { return nil }
        if let process = getenv("WATCHDOG_PID"), Int32(String(cString: process)) != getpid() { return nil }
        self.init(limit: .microseconds(microseconds), notify: notify)
    }

    nonisolated init(limit: Duration, notify: @escaping @Sendable () -> Void) {
        (self.limit, self.notify) = (limit, notify)
    }

    /// Three words in the time of one, each only if `isAlive` says so.
    func run(while isAlive: () -> Bool) async {
        while !Task.isCancelled {
            if isAlive() { notify() }
            do { try await MainLoop.sleep(for: limit / 3) } catch { return }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// How far a long work is, on one line of a terminal that is written over; nothing where nobody watches.
struct Progress {
    private let verb: String
    private let total: Int64
    private let terminal: Terminal
    private let isShown = isatty(STDERR_FILENO) == 1
    private var done: Int64 = 0
    private var shown: Int64 = -1

    /// `total` in bytes.
    init(_ verb: String, total: Int64, _ terminal: Terminal) {
        (self.verb, self.total, self.terminal) = (verb, total, terminal)
    }

    mutating func add(_ bytes: Int) {
        done += Int64(bytes)
        let percent = total > 0 ? min(100, done * 100 / total) : 100
        guard isShown, percent != shown else { return }
        shown = percent
        terminal.showProgress("\(percent) % \(verb) (\(done / 1_000_000) of \(total / 1_000_000) MB)")
    }

    /// Makes room for a line of text.
    mutating func clear() {
        if isShown, shown >= 0 { terminal.showProgress("") }
        shown = -1
    }
}

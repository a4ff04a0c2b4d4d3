// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Whether a document that is made again and again is worth being sent: it differs, or nothing was sent for long.
final class SilenceCount: Sendable {
    private struct State {
        var last: [UInt8]?
        var silent = 0
    }

    private let state = Mutex(State())

    var isFirst: Bool { state.withLock { $0.last == nil } }

    func isNews(_ document: [UInt8], after limit: Int) -> Bool {
        state.withLock { state in
            state.silent += 1
            guard document != state.last || state.silent >= limit else { return false }
            (state.last, state.silent) = (document, 0)
            return true
        }
    }
}

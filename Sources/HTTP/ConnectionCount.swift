// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import Synchronization

/// The connections that there are, up to a limit.
final class ConnectionCount: Sendable {
    private let limit: Int
    private let state = Mutex((present: Set<UInt>(), refused: 0))

    init(limit: Int) { self.limit = limit }

    func has(_ number: UInt) -> Bool { state.withLock { $0.present.contains(number) } }

    /// `false` if it is one too many.
    func add(_ number: UInt) -> Bool {
        let refused = state.withLock { state -> Int? in
            if state.present.count < limit {
                state.present.insert(number)
                return nil
            }
            state.refused += 1
            return state.refused
        }
        // Said at the first, and at every hundredth after it.
        if let refused, refused % 100 == 1 {
            Log.warning("more than \(limit) HTTP connections at a time: further ones are closed")
        }
        return refused == nil
    }

    func remove(_ number: UInt) { state.withLock { _ = $0.present.remove(number) } }
}

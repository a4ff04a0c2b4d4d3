// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// Has what blocks on another thread give up.
final class Stopper: Sendable {
    private let flag = Atomic<Bool>(false)

    var isStopped: Bool { flag.load(ordering: .relaxed) }

    func stop() { flag.store(true, ordering: .relaxed) }
}

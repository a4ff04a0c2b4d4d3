// SPDX-License-Identifier: Apache-2.0
internal import Dispatch

/// An actor's own thread at a time, for work that blocks: SQLite and files must not hold up Swift's cooperative pool.
package final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    package init(label: String) { queue = DispatchQueue(label: label) }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

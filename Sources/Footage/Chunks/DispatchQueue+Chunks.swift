// SPDX-License-Identifier: Apache-2.0
package import Dispatch

extension DispatchQueue {
    /// Where all chunks are written and synced, each on a serial queue of its own that has this one as its target.
    ///
    /// A few threads serve all of them in turn, instead of one thread each that sleeps most of the time. While all of them
    /// wait for a disk, libdispatch adds others, one after the other; what is not written meanwhile waits in memory.
    /// Swift's own tasks run at other qualities of service, and are never kept by a disk.
    package static let chunks = DispatchQueue.global(qos: .userInitiated)
}

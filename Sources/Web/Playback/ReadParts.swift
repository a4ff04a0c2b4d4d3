// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Footage
internal import GLib
internal import Synchronization

/// What is read from disks part by part, as fast as a client takes it and no faster.
///
/// Whoever holds something for it, ``holding``, holds it until the client has all, or has gone.
final class ReadParts<Source: PartSource>: Sendable {
    private let source: Mutex<Source>
    private let queue: DispatchQueue
    private let holding: any Sendable

    init(_ source: Source, on queue: DispatchQueue, holding: any Sendable) {
        self.source = Mutex(source)
        (self.queue, self.holding) = (queue, holding)
    }

    var stream: AsyncStream<[UInt8]> { AsyncStream { await self.next() } }

    private func next() async -> [UInt8]? {
        await withCheckedContinuation { done in
            queue.async { [self] in
                do { done.resume(returning: try source.withLock { try $0.next() }) } catch {
                    // It is shorter than it was said to be then, which tells the client.
                    Log.warning("HTTP: a download ends early: \(error)")
                    done.resume(returning: nil)
                }
            }
        }
    }
}

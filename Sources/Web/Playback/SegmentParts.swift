// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Footage
internal import Synchronization

/// A media segment on its way to a player: its head, then the samples' bytes, a part at a time as the player takes them.
final class SegmentParts: Sendable {
    private static let size: UInt64 = 256 << 10

    private struct Rest {
        var head: [UInt8]
        var ranges: ArraySlice<Range<UInt64>>
    }

    private let file: RandomAccessFile
    private let queue: DispatchQueue
    private let rest: Mutex<Rest>

    /// `ranges` are the samples' places in the file, in order.
    init(_ head: [UInt8], _ ranges: [Range<UInt64>], of file: RandomAccessFile, on queue: DispatchQueue) {
        (self.file, self.queue) = (file, queue)
        var joined: [Range<UInt64>] = []
        for range in ranges {
            if let last = joined.last, last.upperBound == range.lowerBound {
                joined[joined.count - 1] = last.lowerBound..<range.upperBound
            } else {
                joined.append(range)
            }
        }
        rest = Mutex(Rest(head: head, ranges: joined[...]))
    }

    var stream: AsyncStream<[UInt8]> { AsyncStream { await self.next() } }

    private func next() async -> [UInt8]? {
        let (head, range) = rest.withLock { rest -> ([UInt8], Range<UInt64>?) in
            if !rest.head.isEmpty {
                defer { rest.head = [] }
                return (rest.head, nil)
            }
            guard let first = rest.ranges.first else { return ([], nil) }
            let part = first.lowerBound..<min(first.upperBound, first.lowerBound + Self.size)
            rest.ranges[rest.ranges.startIndex] = part.upperBound..<first.upperBound
            if part.upperBound == first.upperBound { rest.ranges.removeFirst() }
            return ([], part)
        }
        if !head.isEmpty { return head }
        guard let range else { return nil }
        return await withCheckedContinuation { done in
            queue.async { [file] in
                // A player that is sent less than the head promises says so.
                do throws(FileError) {
                    let bytes = try file.read(range)
                    done.resume(returning: bytes.count == range.count ? bytes : nil)
                } catch {
                    done.resume(returning: nil)
                }
            }
        }
    }
}

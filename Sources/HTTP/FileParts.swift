// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Glibc
internal import Synchronization

/// A file that is sent part by part, read on threads of its own: a disk that hangs holds up nobody but its client.
final class FileParts: Sendable {
    private static let size = 512 << 10
    private static let queue = DispatchQueue(label: "http-files", attributes: .concurrent)

    /// In bytes.
    let byteCount: Int
    private let descriptor: Int32
    private let rest = Mutex<Range<Int>>(0..<0)
    /// The part behind the one that is being sent: it is read meanwhile.
    private let ahead = Mutex<Task<[UInt8]?, Never>?>(nil)

    /// `nil` if there is no such file.
    static func open(_ path: String) async -> FileParts? {
        await withCheckedContinuation { done in
            queue.async {
                let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
                var status = stat()
                guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                    if descriptor >= 0 { close(descriptor) }
                    done.resume(returning: nil)
                    return
                }
                done.resume(returning: FileParts(descriptor, Int(status.st_size)))
            }
        }
    }

    private init(_ descriptor: Int32, _ byteCount: Int) { (self.descriptor, self.byteCount) = (descriptor, byteCount) }

    deinit { close(descriptor) }

    /// Its parts in order, one read for each that is asked for.
    func stream(_ range: Range<Int>) -> AsyncStream<[UInt8]> {
        rest.withLock { $0 = range }
        return AsyncStream { await self.next() }
    }

    private func next() async -> [UInt8]? {
        let part = ahead.withLock { ahead in
            defer { ahead = nil }
            return ahead
        }
        let bytes = await (part ?? read(takeRange())).value
        let following = takeRange()
        if bytes != nil, !following.isEmpty { ahead.withLock { $0 = read(following) } }
        return bytes
    }

    private func takeRange() -> Range<Int> {
        rest.withLock { rest in
            let part = rest.prefix(Self.size)
            rest = part.endIndex..<rest.upperBound
            return part.startIndex..<part.endIndex
        }
    }

    /// What is missing of the promised length tells the client that something is wrong: then there is no part.
    private func read(_ range: Range<Int>) -> Task<[UInt8]?, Never> {
        Task {
            guard !range.isEmpty else { return nil }
            return await withCheckedContinuation { done in
                Self.queue.async { [self] in
                    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
                        while count < range.count {
                            let place = off_t(range.lowerBound + count)
                            let got = pread(
                                descriptor,
                                buffer.baseAddress.map { $0 + count },
                                range.count - count,
                                place
                            )
                            if got < 0, errno == EINTR { continue }
                            guard got > 0 else { break }
                            count += got
                        }
                    }
                    done.resume(returning: bytes.count == range.count ? bytes : nil)
                }
            }
        }
    }
}

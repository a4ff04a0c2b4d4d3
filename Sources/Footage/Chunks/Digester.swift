// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Synchronization

/// Computes the digests of finished chunks, one at a time, after they are in the index: nobody waits for it.
final class Digester: Sendable {
    private let directory: String
    private let index: ChunkIndex
    private let journal: Journal
    /// Of these it has been said that they cannot be read.
    private let failed = Mutex<Set<Int64>>([])
    private let queue = DispatchQueue(label: "chunk-digest", qos: .utility)
    private let calls: AsyncStream<Void>
    private let caller: AsyncStream<Void>.Continuation

    init(directory: String, index: ChunkIndex, journal: Journal) {
        (self.directory, self.index, self.journal) = (directory, index, journal)
        (calls, caller) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// There is a chunk without a digest.
    func wake() { caller.yield() }

    /// ``run()`` returns after the file it is at.
    func stop() { caller.finish() }

    func run() async {
        wake()
        for await _ in calls {
            do { try await digestAll() } catch { journal.error("a chunk's digest is not known: \(error)") }
        }
    }

    private func digestAll() async throws {
        var last: Int64 = 0
        while let chunk = try await index.withoutDigest(after: last) {
            last = chunk.id
            let path = "\(directory)/\(chunk.path)"
            do {
                let digest = try await offQueue { try FileDigest.sha256(of: path) }
                try await index.setDigest(digest, of: chunk.id)
            } catch let error as FileError {
                // Tried again after the next chunk; a file that has gone is found out at the next opening.
                let isNew = failed.withLock { $0.insert(chunk.id).inserted }
                guard isNew, try await index.chunk(chunk.id) != nil else { continue }
                journal.error("\(error)", camera: chunk.camera)
            }
        }
    }

    /// Runs what blocks on the digester's own thread.
    func offQueue<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try work() }) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Glibc

/// Computes the digests of finished chunks, one at a time, after they are in the index: nobody waits for it.
final class Digester: Sendable {
    private let directory: String
    private let index: ChunkIndex
    private let journal: Journal
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
            do { while try await digestSome() {} } catch { journal.error("a chunk's digest is not known: \(error)") }
        }
    }

    /// Returns whether there may be more.
    private func digestSome() async throws -> Bool {
        let chunks = try await index.withoutDigest(limit: 8)
        for chunk in chunks {
            let path = "\(directory)/\(chunk.path)"
            do {
                let digest = try await offQueue { try FileDigest.sha256(of: path) }
                try await index.setDigest(digest, of: chunk.id)
            } catch let error as FileError {
                // Deleted by another's hand, or unreadable: either way not asked for again.
                if try await index.chunk(chunk.id)?.state != .deleting {
                    journal.error("\(error)", camera: chunk.camera)
                }
                try await index.markDamaged(chunk.id)
            }
        }
        return !chunks.isEmpty
    }

    /// Runs what blocks on the digester's own thread.
    func offQueue<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try work() }) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import ISOBaseMedia
internal import Synchronization

/// Adds to the index what can be known of a finished chunk only by reading it: its digest, and how much moved in it.
///
/// One chunk at a time, after it is in the index: nobody waits for it.
final class ChunkPass: Sendable {
    /// One thing that is to be known of each chunk.
    private struct Finding: Sendable {
        /// As messages call it.
        let what: String
        /// The next chunk, after one with a number, of which it is not known.
        let next: @Sendable (ChunkIndex, Int64) async throws -> Chunk?
        /// Finds it out from a file; blocks.
        let read: @Sendable (_ path: String) throws -> [UInt8]
        let keep: @Sendable (ChunkIndex, [UInt8], Int64) async throws -> Void
    }

    private static let findings = [
        Finding(
            what: "digest",
            next: { try await $0.withoutDigest(after: $1) },
            read: { try FileDigest.sha256(of: $0) },
            keep: { try await $0.setDigest($1, of: $2) }
        ),
        Finding(
            what: "movement",
            next: { try await $0.withoutMovement(after: $1) },
            read: { try movement(in: $0) },
            keep: { try await $0.setMovement($1, of: $2) }
        ),
    ]

    private static func movement(in path: String) throws(FileError) -> [UInt8] {
        let file = try RandomAccessFile(path)
        do throws(ReadError<FileError>) { return Movement.values(of: try SampleTable(file)) } catch {
            if case .source(let failure) = error { throw failure }
            // Damage is for the verification to tell: nothing is known to have moved.
            return []
        }
    }

    private let directory: String
    private let index: ChunkIndex
    private let journal: Journal
    /// Of these it has been said that they cannot be read.
    private let failed = Mutex<Set<Int64>>([])
    private let queue = DispatchQueue(label: "chunk-pass", qos: .utility)
    private let calls: AsyncStream<Void>
    private let caller: AsyncStream<Void>.Continuation

    init(directory: String, index: ChunkIndex, journal: Journal) {
        (self.directory, self.index, self.journal) = (directory, index, journal)
        (calls, caller) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// There is a chunk of which something is not known yet.
    func wake() { caller.yield() }

    /// ``run()`` returns after the file it is at.
    func stop() { caller.finish() }

    func run() async {
        wake()
        for await _ in calls {
            for finding in Self.findings {
                do { try await complete(finding) } catch {
                    journal.error("a chunk's \(finding.what) is not known: \(error)")
                }
            }
        }
    }

    private func complete(_ finding: Finding) async throws {
        var last: Int64 = 0
        while let chunk = try await finding.next(index, last) {
            last = chunk.id
            let path = "\(directory)/\(chunk.path)"
            do {
                let found = try await offQueue { try finding.read(path) }
                try await finding.keep(index, found, chunk.id)
            } catch let error as FileError {
                // Tried again after the next chunk; a file that has gone is found out at the next opening.
                let isNew = failed.withLock { $0.insert(chunk.id).inserted }
                guard isNew, try await index.chunk(chunk.id) != nil else { continue }
                journal.error("\(error)", camera: chunk.camera)
            }
        }
    }

    /// Runs what blocks on a thread of its own.
    func offQueue<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try work() }) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Footage

extension ChunkChange {
    /// Does what is asked in an open store, the daemon's or one that the command has opened itself; returns to how many
    /// chunks.
    func perform(in store: ChunkStore) async throws -> Int {
        switch self {
        case .protect(let chunks): return try await store.index.setProtected(true, chunks)
        case .release(let chunks): return try await store.index.setProtected(false, chunks)
        case .remove(let chunks):
            var count = 0
            for id in chunks {
                // Deleted meanwhile: that is what was asked for.
                guard let chunk = try await store.index.chunk(id) else { continue }
                if try await store.remove(chunk) { count += 1 }
            }
            return count
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Footage

extension ControlRequest {
    /// Does what is asked in an open store: the daemon's, or one that the command has opened itself.
    func perform(in store: ChunkStore) async throws {
        switch self {
        case .protect(let chunks): try await store.index.setProtected(true, chunks)
        case .release(let chunks): try await store.index.setProtected(false, chunks)
        case .remove(let chunks):
            for id in chunks {
                // Deleted meanwhile: that is what was asked for.
                guard let chunk = try await store.index.chunk(id) else { continue }
                try await store.remove(chunk)
            }
        }
    }
}

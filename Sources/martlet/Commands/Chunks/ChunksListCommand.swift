// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib

/// `martlet chunks list`: what the index of a store holds, and what is missing between.
@MainLoop enum ChunksListCommand {
    private struct Listing: Encodable, Sendable {
        let chunks: [ListedChunk]
        let gaps: [ListedGap]
    }

    static func run(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        let found: [SelectedChunks]
        switch await SelectedChunks.find(arguments, camera: arguments.operands.first, now: .now, terminal) {
        case .success(let selected): found = selected
        case .failure(let failure): return failure.status
        }
        let chunks = found.flatMap { store in store.chunks.map { ListedChunk($0, directory: store.directory) } }
        let gaps: [ListedGap]
        do { gaps = try await self.gaps(in: found) } catch {
            terminal.complain("\(error)")
            return .wrong
        }
        if arguments.has("json") { return terminal.print(json: Listing(chunks: chunks, gaps: gaps)) }
        let rows =
            chunks.map { (camera: $0.chunk.camera, start: $0.chunk.start, columns: $0.columns) }
            + gaps.map { (camera: $0.camera, start: $0.span.lowerBound, columns: $0.columns) }
        let lines = rows.sorted { ($0.camera, $0.start) < ($1.camera, $1.start) }.map(\.columns)
        for line in Columns.lines([ListedChunk.header] + lines, alignedRight: [2, 3, 4]) { terminal.print(line) }
        return .done
    }

    private static func gaps(in stores: [SelectedChunks]) async throws -> [ListedGap] {
        var gaps: [ListedGap] = []
        for store in stores {
            for camera in Set(store.chunks.map(\.camera)).sorted() {
                gaps += try await ListedGap.between(store.chunks, of: camera, in: store.directory)
            }
        }
        return gaps
    }
}

extension Terminal {
    /// Writes a result as one JSON document.
    func print(json value: some Encodable) -> ExitStatus {
        do { print(try JSON.text(value)) } catch {
            complain("the result cannot be written as JSON: \(error)")
            return .wrong
        }
        return .done
    }
}

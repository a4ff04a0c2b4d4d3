// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib

/// `martlet chunks list`: what the index of a store holds.
@MainLoop enum ChunksListCommand {
    static func run(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        let found: [SelectedChunks]
        switch await SelectedChunks.find(arguments, camera: arguments.operands.first, now: .now, terminal) {
        case .success(let selected): found = selected
        case .failure(let failure): return failure.status
        }
        let chunks = found.flatMap { store in store.chunks.map { ListedChunk($0, directory: store.directory) } }
        guard arguments.has("json") else {
            let rows = [ListedChunk.header] + chunks.map(\.columns)
            for line in Columns.lines(rows, alignedRight: [2, 3, 4]) { terminal.print(line) }
            return .done
        }
        return terminal.print(json: ["chunks": chunks])
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

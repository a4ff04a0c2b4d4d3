// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib

/// `martlet chunks protect`, `release` and `remove`: changes what happens to chunks that are there.
@MainLoop enum ChunksChangeCommand {
    enum Change: String, Sendable {
        case protect, release, remove

        var isDone: String {
            switch self {
            case .protect: "protected"
            case .release: "released"
            case .remove: "removed"
            }
        }

        func of(_ ids: [Int64]) -> ChunkChange {
            switch self {
            case .protect: .protect(chunks: ids)
            case .release: .release(chunks: ids)
            case .remove: .remove(chunks: ids)
            }
        }
    }

    static func run(_ change: Change, _ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        let name = "martlet chunks \(change.rawValue)"
        let camera = arguments.operands.first
        guard arguments.has("id") != (camera != nil) else {
            terminal.complain("\(name): name a CAMERA with --from and --to, or one chunk with --id; see --help")
            return .wrongUse
        }
        guard camera == nil || (arguments.has("from") && arguments.has("to")) else {
            terminal.complain("\(name): --from and --to say which chunks of \(camera ?? "") are meant")
            return .wrongUse
        }
        let found: [SelectedChunks]
        switch await select(arguments, camera, terminal) {
        case .success(let selected): found = selected
        case .failure(let failure): return failure.status
        }
        var count = 0
        for store in found where !store.chunks.isEmpty {
            // A few at a time: a large file takes a while to go, and a daemon is not asked for all of them in one breath.
            var rest = store.chunks[...]
            while !rest.isEmpty {
                let some = rest.prefix(8)
                rest = rest.dropFirst(8)
                do {
                    count += try await perform(change.of(some.map(\.id)), in: store.directory, terminal)
                } catch {
                    terminal.complain("\(error)")
                    return .wrong
                }
            }
        }
        guard count > 0 else {
            terminal.complain("there is no such chunk")
            return .wrong
        }
        terminal.print("\(count) \(count == 1 ? "chunk" : "chunks") \(change.isDone)")
        return .done
    }

    /// Finished chunks: what is being written is nobody's to delete yet.
    private static func select(
        _ arguments: Arguments,
        _ camera: String?,
        _ terminal: Terminal
    ) async -> Result<[SelectedChunks], ExitFailure> {
        var id: Int64?
        if let text = arguments["id"] {
            guard let number = Int64(text) else {
                terminal.complain("--id '\(text)' is no number; 'martlet chunks list --json' shows them")
                return .failure(ExitFailure(status: .wrongUse))
            }
            id = number
        }
        return await SelectedChunks.find(arguments, camera: camera, now: .now, terminal).map { found in
            found.map { store in
                let chunks = store.chunks.filter { $0.state != .open && (id == nil || $0.id == id) }
                return SelectedChunks(directory: store.directory, chunks: chunks, showings: store.showings)
            }
        }
    }

    /// By the daemon that has the directory; without one in the directory itself, under its lock.
    private static func perform(
        _ change: ChunkChange,
        in directory: String,
        _ terminal: Terminal
    ) async throws -> Int {
        do {
            let store = try await ChunkStore.open(.untouched(directory), journal: .complaining(to: terminal))
            let result: Result<Int, any Error>
            do { result = .success(try await change.perform(in: store)) } catch { result = .failure(error) }
            await store.close()
            return try result.get()
        } catch let owner as DirectoryInUse {
            guard let socket = owner.socket else { throw owner }
            switch try ControlClient.ask(.change(change), at: socket) {
            case .done(let count): return count
            case .status: throw CommandFailure(description: "the daemon answers something else")
            case .failed(let text): throw CommandFailure(description: text)
            }
        }
    }
}

/// What a command says before it exits.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String
}

extension ChunkStore.Settings {
    /// For a command, which makes room for nobody: without limits nothing is deleted.
    static func untouched(_ directory: String) -> Self { Self(directory: directory, minFree: 0) }
}

extension Journal {
    /// What a store says when a command opens it: what is wrong, and what was done about it.
    static func complaining(to terminal: Terminal) -> Journal {
        Journal { level, text, camera in
            if level == .info { return }
            terminal.complain(camera.map { "\($0): \(text)" } ?? text)
        }
    }
}

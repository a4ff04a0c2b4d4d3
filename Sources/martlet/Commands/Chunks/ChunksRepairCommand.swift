// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib

/// `martlet chunks repair` and `reindex`: what a start of the daemon does by itself, and making the index anew.
@MainLoop enum ChunksRepairCommand {
    static func run(anew: Bool, _ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        let directories: [String]
        switch arguments.namedDirectories(terminal) {
        case .success(let found): directories = found.filter { ChunkStore.isDirectory($0) }
        case .failure(let failure): return failure.status
        }
        guard !directories.isEmpty else {
            terminal.complain("there is no chunk store: nothing was recorded yet")
            return .wrong
        }
        for directory in directories {
            do {
                let journal = Journal.complaining(to: terminal)
                let store = try await ChunkStore.open(.untouched(directory), anew: anew, journal: journal)
                let torn = try await store.index.unfinished().count { $0.state == .open }
                let count = try await store.index.count()
                await store.close()
                terminal.print("\(directory): \(count - torn) chunks in the index")
                guard torn == 0 else {
                    terminal.complain("\(directory): \(torn) torn chunks could not be repaired")
                    return .wrong
                }
            } catch {
                terminal.complain("\(error)")
                return .wrong
            }
        }
        return .done
    }
}

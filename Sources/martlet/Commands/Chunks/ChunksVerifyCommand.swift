// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib

/// `martlet chunks verify`: reads every chunk against its index row and its digest.
@MainLoop enum ChunksVerifyCommand {
    private struct Result: Encodable, Sendable {
        let file: String
        let problems: [String]
    }

    private struct Report: Encodable, Sendable {
        let verified: Int
        let damaged: [Result]
    }

    static func run(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        let found: [SelectedChunks]
        switch await SelectedChunks.find(arguments, camera: arguments.operands.first, now: .now, terminal) {
        case .success(let selected): found = selected
        case .failure(let failure): return failure.status
        }
        var progress = Progress(
            "verified",
            total: found.flatMap(\.chunks).reduce(0) { $0 + ($1.state == .open ? 0 : $1.bytes) },
            terminal
        )
        var verified = 0
        var damaged: [Result] = []
        for store in found {
            for chunk in store.chunks where chunk.state != .open && chunk.state != .deleting {
                do {
                    // On this thread: the command does nothing else, and the main loop waits for nobody.
                    let problems = try ChunkVerification.problems(of: chunk, in: store.directory) { progress.add($0) }
                    // Deleted to make room meanwhile: nothing is wrong with it.
                    if try await isGone(chunk, in: store.directory) { continue }
                    verified += 1
                    guard !problems.isEmpty else { continue }
                    let file = "\(store.directory)/\(chunk.path)"
                    damaged.append(Result(file: file, problems: problems))
                    progress.clear()
                    for problem in problems { terminal.complain("\(file): \(problem)") }
                } catch {
                    progress.clear()
                    terminal.complain("\(error)")
                    return .wrong
                }
            }
        }
        progress.clear()
        if arguments.has("json") {
            let status = terminal.print(json: Report(verified: verified, damaged: damaged))
            guard status == .done else { return status }
        } else {
            terminal.print(
                damaged.isEmpty
                    ? "verified: \(verified), all as they were written"
                    : "verified: \(verified), damaged: \(damaged.count)"
            )
        }
        return damaged.isEmpty ? .done : .wrong
    }

    private static func isGone(_ chunk: Chunk, in directory: String) async throws -> Bool {
        let index = try ChunkIndex(path: ChunkStore.indexPath(in: directory), readOnly: true)
        let present = try await index.chunk(chunk.id)
        return present == nil || present?.state == .deleting
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib

/// `martlet chunks export`: a span of one camera's footage as one MP4 file.
@MainLoop enum ChunksExportCommand {
    static func run(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        guard let output = arguments["output"], arguments.has("from"), arguments.has("to") else {
            terminal.complain("martlet chunks export: --from, --to and --output are needed; see --help")
            return .wrongUse
        }
        let now = UTCTime.now
        let found: [SelectedChunks]
        let span: Range<UTCTime>
        switch await SelectedChunks.find(arguments, camera: arguments.operands.first, now: now, terminal) {
        case .success(let selected): found = selected.filter { !$0.chunks.isEmpty }
        case .failure(let failure): return failure.status
        }
        switch arguments.span(now: now, terminal) {
        case .success(let range): span = range
        case .failure(let failure): return failure.status
        }
        // A camera and a store in one configuration may hold the same footage: the fuller one has it.
        guard let store = found.max(by: { $0.chunks.count < $1.chunks.count }) else {
            terminal.complain("nothing was recorded between \(span.lowerBound.local) and \(span.upperBound.local)")
            return .wrong
        }
        let total = store.showings.reduce(0) { $0 + $1.chunk.bytes }
        var progress = Progress("exported", total: total, terminal)
        do {
            var done = 0
            let summary = try Clip(store.showings, in: store.directory, span: span).write(to: output) { chunks, _ in
                progress.add(Int(store.showings[done..<chunks].reduce(0) { $0 + $1.chunk.bytes }))
                done = chunks
            }
            progress.clear()
            let begins = summary.start.map { ", from \($0.local)" } ?? ""
            terminal.print(
                "\(output): \(summary.frames) frames, \(summary.duration.clock)\(begins), \(summary.bytes / 1_000_000) MB"
            )
            for problem in summary.skipped { terminal.complain("not in it: \(problem)") }
            try await tellGaps(in: store, span, terminal)
            return summary.skipped.isEmpty ? .done : .wrong
        } catch {
            progress.clear()
            terminal.complain("\(error)")
            return .wrong
        }
    }

    /// What the clip leaves out is said.
    private static func tellGaps(
        in store: SelectedChunks,
        _ span: Range<UTCTime>,
        _ terminal: Terminal
    ) async throws {
        let index = try ChunkIndex(path: ChunkStore.indexPath(in: store.directory), readOnly: true)
        guard let first = store.chunks.first, let last = store.chunks.last else { return }
        let (from, to) = (max(span.lowerBound, first.start), min(span.upperBound, last.start))
        guard from < to else { return }
        for entry in try await index.timeline(of: first.camera, in: from..<to).entries {
            guard case .missing(let reason) = entry.content else { continue }
            let why = reason?.rawValue ?? "nobody knows why"
            terminal.complain("not in it: \(entry.span.lowerBound.local) to \(entry.span.upperBound.local) (\(why))")
        }
    }
}

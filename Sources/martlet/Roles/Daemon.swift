// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib
internal import Glibc
internal import Media
internal import Serving

/// The life of a daemon of either role: cameras run until a signal comes, then end in good order.
@MainLoop struct Daemon {
    let role: String
    let cameras: [Camera]
    /// Where the cameras are recorded, if they are.
    let directory: RecordingDirectory?
    let service: RTSPService

    /// systemd's patience and ours: stopping takes less than ten seconds, whatever hangs.
    private nonisolated static let stopLimit = Duration.seconds(9)

    /// A store that opens in so long is open before the first frame; one that takes longer holds up nobody's live view.
    private static let openingLimit = Duration.seconds(2)

    private enum Ending: Sendable {
        case signal(Int32)
        /// What no waiting mends.
        case failure(any Error)
    }

    /// Runs until SIGTERM or SIGINT; every chunk is complete, durable and in the index when this returns.
    func run() async -> ExitStatus {
        let (endings, end) = AsyncStream.makeStream(of: Ending.self)
        let signals = UnixSignal.stream(of: [SIGTERM, SIGINT])
        // Further signals change nothing: only the first ending counts, and their default action stays taken away.
        let listening = Task { for await signal in signals { end.yield(.signal(signal)) } }
        for camera in cameras { service.serve(camera.feed) }
        let control = Control(role: role)
        if let failure = await openDirectory(control, failure: { end.yield(.failure($0)) }) {
            Log.error("\(failure)")
            return .wrong
        }
        let running = cameras.map { camera in Task { await camera.run() } }
        ServiceManager.ready()
        let report = Task { await reportStatus() }
        var hasFailed = false
        for await ending in endings {
            switch ending {
            case .signal(let signal): Log.notice("\(signal == SIGINT ? "SIGINT" : "SIGTERM"): stopping")
            case .failure(let error):
                Log.error("\(error)")
                hasFailed = true
            }
            break
        }
        report.cancel()
        ServiceManager.stopping()
        // What is left unfinished after so long would not be finished either: a chunk keeps its last whole fragment.
        Deadline.run(after: Self.stopLimit) {
            Log.error(
                "not everything could be finished within \(Self.stopLimit.inSeconds): open chunks end where they are"
            )
            _exit(ExitStatus.wrong.rawValue)
        }
        for camera in cameras { camera.stop() }
        for camera in running { await camera.value }
        control.close()
        await directory?.close()
        service.close()
        listening.cancel()
        let unfinished = cameras.reduce(0) { $0 + ($1.recorder?.unfinishedChunks ?? 0) }
        guard unfinished == 0 else {
            Log.error("stopped: \(unfinished) chunks are not complete; the next start makes them whole")
            return .wrong
        }
        Log.notice("stopped: every chunk is complete")
        return hasFailed ? .wrong : .done
    }

    /// Opens the store, so that files and index agree before anything new comes.
    ///
    /// A disk that is away, or ill, stops nothing but the recording, which tries again. What no waiting mends is returned,
    /// or told to `failure` where it comes late: another process has the directory, or the index is not for this program.
    private func openDirectory(
        _ control: Control,
        failure: @escaping @Sendable (any Error) -> Void
    ) async -> (any Error)? {
        guard let directory else { return nil }
        await directory.onOpen { store in await control.listen(in: store, of: directory) }
        let (results, result) = AsyncStream.makeStream(of: (any Error)?.self)
        let opening = Task {
            let error = await Self.open(directory)
            result.yield(error)
            return error
        }
        let limit = Task {
            do { try await Task.sleep(for: Self.openingLimit) } catch { return }
            result.yield(nil)
        }
        defer { limit.cancel() }
        for await error in results {
            if let error { return error }
            break
        }
        Task { if let error = await opening.value { failure(error) } }
        return nil
    }

    /// Returns what no waiting mends.
    private static func open(_ directory: RecordingDirectory) async -> (any Error)? {
        do { _ = try await directory.store() } catch {
            let isFinal =
                error is DirectoryInUse || error is StoreMismatch || (error as? ChunkIndex.Failure)?.isNewer == true
            if isFinal { return error }
            Log.error("recording cannot begin: \(error)")
        }
        return nil
    }

    private func reportStatus() async {
        var last = ""
        while !Task.isCancelled {
            let sentence = Self.sentence(
                cameras.map { ($0.name, $0.source.state, $0.recorder?.trouble) },
                role: role
            )
            if sentence != last { ServiceManager.status(sentence) }
            last = sentence
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }

    /// One sentence for `systemctl status`: what is wrong first.
    nonisolated static func sentence(
        _ states: [(name: String, state: Supervisor.State, recordingTrouble: String?)],
        role: String
    ) -> String {
        var running = 0
        var troubles: [String] = []
        for (name, state, recordingTrouble) in states {
            if let recordingTrouble { troubles.append("\(name): not recording (\(recordingTrouble))") }
            switch state {
            case .running: running += 1
            case .idle, .starting: troubles.append("\(name): starting")
            case .backingOff(_, let cause): troubles.append("\(name): \(cause)")
            case .stopped: troubles.append("\(name): stopped")
            }
        }
        let summary =
            switch (states.count, role) {
            case (0, _): "no cameras yet"
            case (1, "camera"): running == 1 ? "running" : "not running"
            default: "\(running) of \(states.count) cameras running"
            }
        return ([summary] + troubles).joined(separator: "; ")
    }
}

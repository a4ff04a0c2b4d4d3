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

    /// Runs until SIGTERM or SIGINT; every chunk is complete, durable and in the index when this returns.
    func run() async -> ExitStatus {
        let signals = UnixSignal.stream(of: [SIGTERM, SIGINT])
        for camera in cameras { service.serve(camera.feed) }
        let control = Control(role: role)
        do { try await openDirectory(control) } catch {
            Log.error("\(error)")
            return .wrong
        }
        let running = cameras.map { camera in Task { await camera.run() } }
        ServiceManager.ready()
        let report = Task { await reportStatus() }
        // Further signals change nothing: the stream is no longer read, and their default action stays taken away.
        for await signal in signals {
            Log.notice("\(signal == SIGINT ? "SIGINT" : "SIGTERM"): stopping")
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
        withExtendedLifetime(signals) {}
        let unfinished = cameras.reduce(0) { $0 + ($1.recorder?.unfinishedChunks ?? 0) }
        guard unfinished == 0 else {
            Log.error("stopped: \(unfinished) chunks are not complete; the next start makes them whole")
            return .wrong
        }
        Log.notice("stopped: every chunk is complete")
        return .done
    }

    /// Opens the store, so that files and index agree before anything new comes.
    ///
    /// A disk that is away, or ill, stops nothing but the recording, which tries again.
    ///
    /// - Throws: what no waiting mends: another process has the directory, or the index is not for this program.
    private func openDirectory(_ control: Control) async throws {
        guard let directory else { return }
        await directory.onOpen { store in await control.listen(in: store, of: directory) }
        do { _ = try await directory.store() } catch {
            let isFinal =
                error is DirectoryInUse || error is StoreMismatch || (error as? ChunkIndex.Failure)?.isNewer == true
            if isFinal { throw error }
            Log.error("recording cannot begin: \(error)")
        }
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

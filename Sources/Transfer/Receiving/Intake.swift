// SPDX-License-Identifier: Apache-2.0
package import Configuration
package import Footage
package import GLib
package import Media

/// Takes in what comes as files into a folder (`[store.incoming]`): at the start, when something changes there, and every
/// half a minute.
@MainLoop package final class Intake {
    package struct Settings: Equatable, Sendable {
        package let directory: String
        /// Names of cameras, by beginnings of paths or by users.
        let cameras: [String: String]

        package init(_ incoming: Configuration.Incoming) {
            directory = incoming.directory
            cameras = incoming.cameras.mapValues(\.description)
        }

        /// The longest beginning counts.
        func camera(ofPath path: String) -> String? {
            let parts = path.split(separator: "/")
            for count in stride(from: parts.count - 1, to: 0, by: -1) {
                if let camera = cameras[parts.prefix(count).joined(separator: "/")] { return camera }
            }
            return nil
        }
    }

    /// How long what comes is waited for.
    struct Patience: Sendable {
        /// A file that has not changed for so long may be whole.
        var quiet = Duration.seconds(10)
        /// The same for one that does not say how long it is.
        var unmarked = Duration.seconds(60)
        /// One that is not whole, and has not changed for so long, will never be.
        var giveUp = Duration.seconds(600)
        /// What waits for something else is looked at again so often.
        var again = Duration.seconds(10)
    }

    /// Where lies what cannot be taken in.
    nonisolated static let asideName = ".rejected"

    private static let interval = Duration.seconds(30)
    /// While something waits.
    private static let shortInterval = Duration.seconds(5)
    /// Who changes files all the time does not keep the machine busy.
    private static let pause = Duration.seconds(1)

    private let library: PipelineLibrary
    private let directory: @MainLoop @Sendable () -> RecordingDirectory
    private var running: (settings: Settings, worker: Worker, task: Task<Void, Never>)?
    private var ending: [Task<Void, Never>] = []

    /// `directory` is where chunks are recorded at the moment.
    package init(library: PipelineLibrary, directory: @escaping @MainLoop @Sendable () -> RecordingDirectory) {
        (self.library, self.directory) = (library, directory)
    }

    /// Takes in what comes there from now on; `nil` is nowhere.
    package func apply(_ settings: Settings?) {
        guard settings != running?.settings else { return }
        if let running {
            running.worker.stop()
            ending.append(running.task)
        }
        let before = running?.task
        running = settings.map { settings in
            let worker = Worker(settings, library: library, directory: directory)
            return (
                settings, worker,
                Task {
                    await before?.value
                    await worker.run()
                }
            )
        }
    }

    package var status: IntakeStatus? { running?.worker.status }

    /// Returns when the file that is being taken in is.
    package func stop() async {
        apply(nil)
        for task in ending { await task.value }
        ending = []
    }

    @MainLoop private final class Worker {
        private let settings: Settings
        private let directory: @MainLoop @Sendable () -> RecordingDirectory
        private let scan: IntakeScan
        private let stopper = Stopper()
        private let calls: AsyncStream<Void>
        private let caller: AsyncStream<Void>.Continuation
        /// By their folders.
        private var monitors: [String: FileMonitor] = [:]
        private(set) var status: IntakeStatus

        init(
            _ settings: Settings,
            library: PipelineLibrary,
            directory: @escaping @MainLoop @Sendable () -> RecordingDirectory
        ) {
            (self.settings, self.directory) = (settings, directory)
            scan = IntakeScan(settings, library: library, patience: Patience(), stopper: stopper)
            status = IntakeStatus(directory: settings.directory)
            (calls, caller) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        }

        func stop() {
            stopper.stop()
            caller.finish()
        }

        func run() async {
            caller.yield()
            var ticking: Task<Void, Never>?
            for await _ in calls {
                ticking?.cancel()
                do {
                    // Opened anew when its disk is back, also where nothing is recorded.
                    watch(await scan.scan(into: try await directory().store()))
                    status = await scan.status
                } catch {
                    status.cause = "\(error)"
                }
                let isCalm = status.waiting == 0 && status.cause == nil
                ticking = Task { [caller] in
                    do { try await Task.sleep(for: isCalm ? Intake.interval : Intake.shortInterval) } catch { return }
                    caller.yield()
                }
                guard !stopper.isStopped else { break }
                do { try await Task.sleep(for: Intake.pause) } catch { break }
            }
            ticking?.cancel()
            monitors = [:]
        }

        private func watch(_ folders: [String]) {
            monitors = monitors.filter { folders.contains($0.key) }
            for folder in folders where monitors[folder] == nil {
                // Where the system allows no more of them, the interval is what is left.
                monitors[folder] = try? FileMonitor(folder: folder) { [caller] in caller.yield() }
            }
        }
    }
}

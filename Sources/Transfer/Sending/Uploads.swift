// SPDX-License-Identifier: Apache-2.0
package import Footage
package import GLib

/// All destinations that chunks are brought to; none ever waits for another, and nothing else for any of them.
@MainLoop package final class Uploads {
    private struct Running {
        let uploader: Uploader
        let task: Task<Void, Never>
    }

    private let directory: @MainLoop @Sendable () -> RecordingDirectory
    private var running: [Running] = []
    /// Those that are being ended.
    private var ending: [Task<Void, Never>] = []

    /// `directory` is where chunks are recorded at the moment.
    package init(directory: @escaping @MainLoop @Sendable () -> RecordingDirectory) { self.directory = directory }

    /// Chunks are brought there from now on, and nowhere else; what stays goes on undisturbed.
    package func apply(_ destinations: [Destination]) {
        for other in running where !destinations.contains(other.uploader.destination) {
            other.uploader.stop()
            ending.append(other.task)
        }
        let former = running
        running = destinations.map { destination in
            if let same = former.first(where: { $0.uploader.destination == destination }) { return same }
            let uploader = Uploader(destination, directory: directory)
            // One URL has one who brings chunks there.
            let before = former.filter { $0.uploader.destination.url == destination.url }.map(\.task)
            return Running(
                uploader: uploader,
                task: Task {
                    for task in before { await task.value }
                    await uploader.run()
                }
            )
        }
    }

    package var status: [UploadStatus] { running.map(\.uploader.status) }

    /// What is being sent is broken off within a second; the next process continues it.
    package func stop() async {
        apply([])
        for task in ending { await task.value }
        ending = []
    }
}

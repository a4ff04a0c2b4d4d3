// SPDX-License-Identifier: Apache-2.0

/// Waits for something to change in a folder: woken by the kernel where it can tell, and from time to time where it cannot.
@MainLoop package final class FolderChanges {
    private let changes: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation
    private let monitor: FileMonitor?

    /// File systems of other machines tell nothing.
    private static let seldom = Duration.seconds(20)
    /// The system allows no more monitors.
    private static let often = Duration.seconds(1)

    /// The folder may be made later.
    package init(in folder: String) {
        let (changes, change) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.changes, self.change) = (changes, change)
        do throws(MonitorError) {
            monitor = try FileMonitor(folder: folder, interval: .milliseconds(100)) { change.yield() }
        } catch {
            Log.info("\(error); looked at each second instead")
            monitor = nil
        }
    }

    /// Returns at the next change, or when it is time to look all the same; at once if something has changed meanwhile.
    package func next() async {
        let limit = Task { [change, interval = monitor == nil ? Self.often : Self.seldom] in
            do { try await MainLoop.sleep(for: interval) } catch { return }
            change.yield()
        }
        defer { limit.cancel() }
        for await _ in changes { return }
    }
}

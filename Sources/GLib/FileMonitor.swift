// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// Tells when something in a folder changes (`GFileMonitor`): files written, replaced, made or removed.
///
/// The folder may be made, or be lost and made again, later.
@MainLoop package final class FileMonitor {
    private let monitor: Object

    /// Calls `body` on the main loop at each change, which may mean several, or one that was said already.
    ///
    /// Of several changes in a row the first is told at once, and others after `interval` at the latest.
    ///
    /// - Throws: ``MonitorError`` if the system allows no more monitors (`fs.inotify.max_user_instances`).
    package init(
        folder: String,
        interval: Duration = .milliseconds(800),
        body: @escaping @Sendable () -> Void
    ) throws(MonitorError) {
        let file = g_file_new_for_path(folder)
        defer { g_object_unref(file.map(UnsafeMutableRawPointer.init)) }
        var error: UnsafeMutablePointer<GError>?
        guard let pointer = g_file_monitor_directory(file, G_FILE_MONITOR_WATCH_MOVES, nil, &error) else {
            throw MonitorError(description: "changes in \(folder) cannot be noticed: \(takeMessage(of: error))")
        }
        g_file_monitor_set_rate_limit(pointer, gint(interval / .milliseconds(1)))
        monitor = Object(adopting: UnsafeMutableRawPointer(pointer))
        monitor.connect("changed") { _ in
            body()
            return nil
        }
    }

    deinit { monitor.withPointer(as: GFileMonitor.self) { _ = g_file_monitor_cancel($0) } }
}

/// Why a folder cannot be watched, in GLib's words.
package struct MonitorError: Error, CustomStringConvertible {
    package let description: String
}

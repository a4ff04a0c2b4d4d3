// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib
internal import Glibc

/// GStreamer as a whole: started once per process, its debug log joined to ours.
package enum Library {
    /// Starts GStreamer (`gst_init`).
    ///
    /// May be called more than once.
    package static func start() {
        _ = once
    }

    /// GStreamer's version as it runs, such as `GStreamer 1.22.0`.
    package static var version: String {
        guard let text = gst_version_string() else { return "GStreamer" }
        defer { g_free(text) }
        return String(cString: text)
    }

    private static let once: Void = {
        // GIO's GnuTLS would also speak TLS 1.0 and 1.1; it reads this once, at the first connection.
        setenv("G_TLS_GNUTLS_PRIORITY", "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2", 0)
        gst_init(nil, nil)
        // Whoever sets it wants to read what it asks for.
        if getenv("GST_DEBUG") != nil { Log.setThreshold(.debug) }
        martlet_debug_remove_default_log_function()
        gst_debug_add_log_function(
            { category, level, file, _, line, object, message, _ in
                let text = gst_debug_message_get(message).map { String(cString: $0) } ?? ""
                let name = gst_debug_category_get_name(category).map { String(cString: $0) } ?? "gst"
                let place = file.map { String(cString: $0) } ?? "?"
                let names = [martlet_debug_pad_parent_name(object), martlet_debug_object_name(object)]
                let path = names.compactMap { $0.map { String(cString: $0) } }.joined(separator: ":")
                let about = path.isEmpty ? "" : "\(path) "
                Log.write(Library.logLevel(of: level), "\(name): \(place):\(line): \(about)\(text)")
            },
            nil,
            nil
        )
    }()

    /// Which of our levels a line of `GST_DEBUG` output belongs to.
    static func logLevel(of level: GstDebugLevel) -> Log.Level {
        switch level {
        case GST_LEVEL_ERROR: .error
        case GST_LEVEL_WARNING, GST_LEVEL_FIXME: .warning
        case GST_LEVEL_INFO: .info
        default: .debug
        }
    }
}

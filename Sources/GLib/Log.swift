// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import Glibc
internal import Synchronization

/// The daemon's log: GLib's structured log, so that what GLib and GStreamer say of themselves ends in the same place.
///
/// Under systemd each line goes to the journal with its fields (`CAMERA=`, `PIPELINE=`); elsewhere to stderr as plain
/// lines. Never to stdout, which belongs to results.
package enum Log {
    /// How grave a line is: syslog's priorities.
    package enum Level: Int, Comparable, Sendable {
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
        case debug = 7

        package static func < (one: Level, other: Level) -> Bool { one.rawValue > other.rawValue }
    }

    /// Lines below this level are dropped.
    private static let threshold = Mutex(Level.info)

    /// Drops lines below a level from now on; until then those below `info`.
    package static func setThreshold(_ level: Level) { threshold.withLock { $0 = level } }

    /// Takes over GLib's log for the whole process.
    ///
    /// Called once, before anything logs.
    package static func start() {
        g_log_set_writer_func(
            { level, fields, count, _ in Log.write(level: level, fields: fields, count: count) },
            nil,
            nil
        )
    }

    /// Writes one line.
    ///
    /// `camera` names whom it is about and becomes the journal field `CAMERA=`; `fields` are further ones, such as
    /// `PIPELINE` and `CAUSE`. What is said of one camera, or of whatever else `budget` names, is held to a ``LineBudget``.
    package static func write(
        _ level: Level,
        _ message: String,
        camera: String? = nil,
        budget: String? = nil,
        fields: [(String, String)] = []
    ) {
        guard level >= threshold.withLock({ $0 }) else { return }
        var message = message
        if let owner = budget ?? camera {
            guard let leftOut = takeLine(of: owner, isGrave: level >= .warning) else { return }
            if leftOut > 0 { message += " (\(leftOut) lines before this one were left out)" }
        }
        let pairs =
            [("MESSAGE", message), ("PRIORITY", String(level.rawValue)), ("SYSLOG_IDENTIFIER", "martlet")]
            + (camera.map { [("CAMERA", $0)] } ?? []) + fields
        withFields(pairs) { g_log_structured_array(glibLevel(of: level), $0.baseAddress, gsize($0.count)) }
    }

    /// By owner; what is grave is not crowded out by what is not.
    private static let budgets = Mutex<[String: LineBudget]>([:])

    private static func takeLine(of owner: String, isGrave: Bool) -> Int? {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let seconds = Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
        return budgets.withLock { $0["\(isGrave) \(owner)", default: LineBudget(at: seconds)].take(at: seconds) }
    }

    package static func error(_ message: String, camera: String? = nil) { write(.error, message, camera: camera) }
    package static func warning(_ message: String, camera: String? = nil) { write(.warning, message, camera: camera) }
    package static func notice(_ message: String, camera: String? = nil) { write(.notice, message, camera: camera) }
    package static func info(_ message: String, camera: String? = nil) { write(.info, message, camera: camera) }
    package static func debug(_ message: String, camera: String? = nil) { write(.debug, message, camera: camera) }

    // GLib's own "error" level aborts the process, so ours travels one below; PRIORITY= says what it is.
    private static func glibLevel(of level: Level) -> GLogLevelFlags {
        switch level {
        case .error: G_LOG_LEVEL_CRITICAL
        case .warning: G_LOG_LEVEL_WARNING
        case .notice: G_LOG_LEVEL_MESSAGE
        case .info: G_LOG_LEVEL_INFO
        case .debug: G_LOG_LEVEL_DEBUG
        }
    }

    private static func withFields(_ pairs: [(String, String)], _ body: (UnsafeBufferPointer<GLogField>) -> Void) {
        let copies = pairs.map { (strdup($0.0), strdup($0.1)) }
        defer {
            for (key, value) in copies {
                free(key)
                free(value)
            }
        }
        copies.map { GLogField(key: $0.0, value: $0.1, length: -1) }.withUnsafeBufferPointer(body)
    }

    private static func write(
        level: GLogLevelFlags,
        fields: UnsafePointer<GLogField>?,
        count: gsize
    ) -> GLogWriterOutput {
        var message = ""
        var camera = ""
        var domain = ""
        var priority = priority(of: level)
        for field in UnsafeBufferPointer(start: fields, count: Int(count)) {
            guard let key = field.key, let value = field.value, field.length < 0 else { continue }
            let text = String(cString: value.assumingMemoryBound(to: CChar.self))
            switch String(cString: key) {
            case "MESSAGE": message = text
            case "CAMERA": camera = text
            case "GLIB_DOMAIN": domain = text + ": "
            case "PRIORITY": priority = Int(text).flatMap(Level.init) ?? priority
            default: break
            }
        }
        // What libraries say at their leisure (g_info, g_debug) is held to the same threshold as our own lines.
        guard priority >= threshold.withLock({ $0 }) else { return G_LOG_WRITER_HANDLED }
        LogMemory.add(priority, domain + message, camera: camera.isEmpty ? nil : camera)
        if g_log_writer_is_journald(STDERR_FILENO) != 0 { return g_log_writer_journald(level, fields, count, nil) }
        let owner = camera.isEmpty ? "" : camera + ": "
        // One write a line, so that lines of several processes on one terminal do not mix.
        let line = "\(timeOfDay()) \(label(of: priority)) \(owner)\(domain)\(message)\n"
        var written = 0
        Array(line.utf8).withUnsafeBytes { written = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
        guard written > 0 else { return G_LOG_WRITER_UNHANDLED }
        return G_LOG_WRITER_HANDLED
    }

    private static func priority(of level: GLogLevelFlags) -> Level {
        switch level {
        case G_LOG_LEVEL_ERROR, G_LOG_LEVEL_CRITICAL: .error
        case G_LOG_LEVEL_WARNING: .warning
        case G_LOG_LEVEL_MESSAGE: .notice
        case G_LOG_LEVEL_INFO: .info
        default: .debug
        }
    }

    private static func label(of level: Level) -> String {
        switch level {
        case .error: "error  "
        case .warning: "warning"
        case .notice: "notice "
        case .info: "info   "
        case .debug: "debug  "
        }
    }

    private static func timeOfDay() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        localtime_r(&now.tv_sec, &parts)
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return padded(Int(parts.tm_hour), 2) + ":" + padded(Int(parts.tm_min), 2) + ":" + padded(Int(parts.tm_sec), 2)
            + "." + padded(now.tv_nsec / 1_000_000, 3)
    }
}

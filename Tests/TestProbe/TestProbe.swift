// SPDX-License-Identifier: Apache-2.0
import CGStreamer
import Footage
import GLib
import GStreamer
import TestSupport

/// A process of its own for what a test cannot do in its own: `TestProbe SCENARIO [ARGUMENT …]`.
@main struct TestProbe {
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        switch words.first {
        case "log": LogScenario.run(words[1])
        case "chunk": ChunkScenario.run(directory: words[1])
        case "record":
            guard let writer = JournaledRecording.Writer(rawValue: words[4]) else { fatalError("unknown writer") }
            StoreScenarios.record(words[1], chunks: Int(words[2]) ?? 1, maxSpace: Int64(words[3]), by: writer)
        case "open": StoreScenarios.open(words[1])
        case "leaks": LeakScenarios.run(words[1])
        default: fatalError("unknown scenario")
        }
    }
}

/// `TestProbe log LEVEL`: a line of each level of ours, then one of each as a library would write it.
enum LogScenario {
    static func run(_ word: String) {
        let levels: [(String, Log.Level)] = [
            ("error", .error), ("warning", .warning), ("notice", .notice), ("info", .info), ("debug", .debug),
        ]
        guard let threshold = levels.first(where: { $0.0 == word })?.1 else { fatalError("no level '\(word)'") }
        Log.start()
        Log.setThreshold(threshold)
        for (name, level) in levels { Log.write(level, "the \(name) line", camera: "front-door") }
        let flags = [
            G_LOG_LEVEL_CRITICAL, G_LOG_LEVEL_WARNING, G_LOG_LEVEL_MESSAGE, G_LOG_LEVEL_INFO, G_LOG_LEVEL_DEBUG,
        ]
        for ((name, _), flag) in zip(levels, flags) {
            withVaList([]) { g_logv("probe", flag, "the library's \(name)", $0) }
        }
    }
}

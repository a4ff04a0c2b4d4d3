// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib
internal import HTTP

/// The service's log, as far as it is kept in memory.
enum LogRoutes {
    static let routes = [
        Route(
            .get,
            "/log",
            .role(.operator),
            "The newest lines of the log, the oldest first",
            query: ["after": "a line's number", "level": "error, warning, notice or info: at least so grave"]
        ) { call in
            let after = try call.number("after").map { Int(max(0, min($0, 9e15))) } ?? 0
            let threshold = try level(call.request.query["level"])
            let lines = LogMemory.lines(after: after).filter { $0.level >= threshold }
            return HTTPResponse(json: Page(entries: lines.map(ListedLine.init)))
        }
    ]

    private static func level(_ text: String?) throws(Problem) -> Log.Level {
        guard let text else { return .info }
        guard let level = [Log.Level.error, .warning, .notice, .info].first(where: { "\($0)" == text }) else {
            throw Problem(400, "'level' is error, warning, notice or info, not \(text.prefix(40))")
        }
        return level
    }

    private struct Page: Encodable {
        let entries: [ListedLine]
    }

    private struct ListedLine: Encodable {
        let id: Int
        let time: String
        let level: String
        let camera: String?
        let text: String

        init(_ line: LogMemory.Line) {
            (id, camera, text) = (line.id, line.camera, line.text)
            (time, level) = (UTCTime(nanoseconds: line.time).rfc3339, "\(line.level)")
        }
    }
}

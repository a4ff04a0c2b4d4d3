// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Synchronization

/// The newest lines of the log, for those who ask the daemon itself.
package enum LogMemory {
    package struct Line: Equatable, Sendable {
        /// Rises from line to line.
        package let id: Int
        /// Nanoseconds since 1970.
        package let time: Int64
        package let level: Log.Level
        /// Whom it is about, if it is one camera.
        package let camera: String?
        package let text: String
    }

    private static let limit = 1000
    private static let lines = Mutex<(next: Int, lines: [Line])>((1, []))

    static func add(_ level: Log.Level, _ text: String, camera: String?) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let time = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
        lines.withLock { memory in
            memory.lines.append(Line(id: memory.next, time: time, level: level, camera: camera, text: text))
            memory.next += 1
            // Not one by one: each removal moves all others.
            if memory.lines.count >= 2 * limit { memory.lines.removeFirst(limit) }
        }
    }

    /// The newest thousand lines, the oldest first; of those after one, if its number is given.
    package static func lines(after id: Int = 0) -> [Line] {
        lines.withLock { $0.lines.suffix(limit).filter { $0.id > id } }
    }
}

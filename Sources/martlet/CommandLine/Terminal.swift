// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Where a command writes: results to stdout, everything else to stderr.
struct Terminal: Sendable {
    /// Writes a line of the result.
    func print(_ line: String) { write(line, to: STDOUT_FILENO) }

    /// Writes a line that is not the result: a mistake, a warning, progress.
    func complain(_ line: String) { write(line, to: STDERR_FILENO) }

    /// Asks for something on the same line.
    func prompt(_ text: String) { write(bytes: Array(text.utf8), to: STDERR_FILENO) }

    /// Writes over the last line of progress; the empty text takes it away.
    func showProgress(_ text: String) { write(bytes: Array("\r\u{1B}[K\(text)".utf8), to: STDERR_FILENO) }

    /// Takes away what is on the screen, for what is shown anew.
    func clear() { write(bytes: Array("\u{1B}[H\u{1B}[2J".utf8), to: STDOUT_FILENO) }

    /// Whether somebody may still read the results: of a pipe (`martlet … | head`) the reader may have gone.
    var isRead: Bool {
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&output, 1, 0) < 1 || output.revents & Int16(POLLERR) == 0
    }

    private func write(_ line: String, to descriptor: Int32) {
        write(bytes: Array((line.hasSuffix("\n") ? line : line + "\n").utf8), to: descriptor)
    }

    private func write(bytes: [UInt8], to descriptor: Int32) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // A reader that has gone away (`martlet … | head`) wants no more, and there is nobody left to tell.
            guard count > 0 else { return }
            done += count
        }
    }
}

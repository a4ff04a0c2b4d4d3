// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import Media

/// A new password, from the terminal without showing it, or from a file.
enum Passphrase {
    static func new(_ file: String?, _ terminal: Terminal) throws -> String {
        if let file { return try Secret.read(file) }
        guard isatty(STDIN_FILENO) != 0 else {
            throw UsageError("there is no terminal to ask for the password: give it with --password-file FILE")
        }
        let first = try ask("password: ", terminal)
        guard try ask("again: ", terminal) == first else { throw UsageError("the two are not the same") }
        return first
    }

    private static func ask(_ prompt: String, _ terminal: Terminal) throws -> String {
        var former = termios()
        guard tcgetattr(STDIN_FILENO, &former) == 0 else { throw UsageError("the terminal cannot be asked") }
        var silent = former
        silent.c_lflag &= ~tcflag_t(ECHO)
        terminal.prompt(prompt)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &former)
            terminal.complain("")
        }
        guard let line = readLine() else { throw UsageError("no password was given") }
        return line
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import GLib
internal import Glibc

/// The command: parses its words, runs what they ask for, and exits with what came of it.
@main struct Martlet {
    /// The version of this program.
    static let version = "0.1.0"

    static func main() {
        prepareSignals()
        limitArenas()
        raiseDescriptorLimit()
        let terminal = Terminal()
        let words = Array(CommandLine.arguments.dropFirst())
        do throws(UsageError) {
            switch try Invocation(parsing: words, among: Subcommand.all) {
            case .help(let text): terminal.print(text)
            case .version: terminal.print("martlet \(version)")
            case .run(let subcommand, let arguments):
                let status = MainLoop.run { await subcommand.run(arguments, terminal) }
                exit(status.rawValue)
            }
        } catch {
            terminal.complain(error.description)
            exit(ExitStatus.wrongUse.rawValue)
        }
    }

    /// Two heaps for all threads (`M_ARENA_MAX`).
    ///
    /// glibc would make eight for each core, and threads that come and go with pipelines and chunks would spread over
    /// them what one could hold: a store with two cameras grew from 9 to 27 MB in half an hour, and stays at 11 so.
    private static func limitArenas() {
        if mallopt(M_ARENA_MAX, 2) == 0 { Log.warning("the number of heaps stays as it is") }
    }

    /// As many open files as the system allows: connections and chunks need more than the usual 1024 (`RLIMIT_NOFILE`).
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0 {
            Log.warning("the limit of open files stays as it is: \(String(cString: strerror(errno)))")
        }
    }

    /// Does not rely on what the process that started this one did to its signals.
    ///
    /// A process inherits which signals are blocked, and worker threads of a parent block most; a reader of our output
    /// that goes away, or a network peer, is an error to be handled, not a reason to die (SIGPIPE).
    private static func prepareSignals() {
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        signal(SIGPIPE, SIG_IGN)
    }
}

/// What the process tells whoever started it.
enum ExitStatus: Int32, Sendable {
    case done = 0
    /// The thing asked about is wrong.
    case wrong = 1
    /// Wrong use, or input that cannot be read.
    case wrongUse = 2
    /// The daemon that is asked about does not run.
    case notRunning = 3
}

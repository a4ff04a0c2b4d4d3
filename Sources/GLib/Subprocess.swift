// SPDX-License-Identifier: Apache-2.0
package import CGStreamer
internal import Glibc

/// A child process (`GSubprocess`), watched by the main loop.
///
/// Its output goes where ours goes, both to stderr.
@MainLoop package final class Subprocess {
    /// Why a program could not be started, in GLib's words.
    package struct StartError: Error, CustomStringConvertible {
        package let description: String
    }

    private nonisolated let object: Object

    /// Starts a program with its arguments; the first is the program itself.
    package init(_ arguments: [String]) throws(StartError) {
        var error: UnsafeMutablePointer<GError>?
        let launcher = Object(adopting: UnsafeMutableRawPointer(g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE)))
        g_subprocess_launcher_take_stdout_fd(OpaquePointer(launcher.pointer), dup(2))
        let words = arguments.map { strdup($0) }
        defer { for word in words { free(word) } }
        var vector: [UnsafePointer<CChar>?] = words.map { $0.map { UnsafePointer($0) } } + [nil]
        guard let process = g_subprocess_launcher_spawnv(OpaquePointer(launcher.pointer), &vector, &error) else {
            throw StartError(description: takeMessage(of: error))
        }
        object = Object(adopting: UnsafeMutableRawPointer(process))
    }

    /// The process's number, `nil` once it has ended.
    package var identifier: Int32? {
        g_subprocess_get_identifier(OpaquePointer(object.pointer)).flatMap { Int32(String(cString: $0)) }
    }

    package func send(signal: Int32) { g_subprocess_send_signal(OpaquePointer(object.pointer), signal) }

    /// Waits for the end and says how it came: the exit status, or the signal's number as a negative one.
    package func waitForEnd() async -> Int32 {
        typealias Waiter = CheckedContinuation<Void, Never>
        await withCheckedContinuation { (waiter: Waiter) in
            g_subprocess_wait_async(
                OpaquePointer(object.pointer),
                nil,
                { _, _, data in
                    guard let data else { return }
                    Retained<Waiter>.value(of: data).resume()
                    Retained<Waiter>.release(data)
                },
                Retained<Waiter>(waiter).toOpaque()
            )
        }
        let process = OpaquePointer(object.pointer)
        return g_subprocess_get_if_exited(process) != 0
            ? g_subprocess_get_exit_status(process) : -g_subprocess_get_term_sig(process)
    }
}

/// Frees a `GError` and returns its message.
package func takeMessage(of error: UnsafeMutablePointer<GError>?) -> String {
    guard let error else { return "unknown error" }
    defer { g_error_free(error) }
    return String(cString: error.pointee.message)
}

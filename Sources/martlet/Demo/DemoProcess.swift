// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import Glibc

/// One role of the demo in a process of its own.
///
/// When it dies it is started again, as systemd would.
@MainLoop final class DemoProcess {
    private let role: String
    private let configuration: String
    private var process: Subprocess?
    private var isStopping = false
    /// Ended by its own decision, and well, whenever it ended.
    private(set) var hasRunWell = true

    init(role: String, configuration: String) {
        (self.role, self.configuration) = (role, configuration)
    }

    func run() async {
        while !isStopping {
            do throws(Subprocess.StartError) {
                let process = try Subprocess(["/proc/self/exe", role, "--config", configuration])
                self.process = process
                let end = await process.waitForEnd()
                self.process = nil
                if end == 0, isStopping { return }
                // A negative number is the signal that somebody killed it with: that is what a demo is for.
                if end >= 0 { hasRunWell = false }
                Log.warning("\(role) with \(configuration) ended (\(end)); starting it again")
            } catch {
                hasRunWell = false
                Log.error("\(role) cannot be started: \(error)")
            }
            if isStopping { return }
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }

    func stop() {
        isStopping = true
        process?.send(signal: SIGTERM)
    }
}

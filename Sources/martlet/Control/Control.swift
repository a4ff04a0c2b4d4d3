// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import GLib
internal import Glibc

/// Where a daemon can be asked by the command, for as long as it runs.
@MainLoop final class Control {
    private let path: String?
    private var server: ControlServer?

    /// Where systemd keeps the daemon's sockets; without it, where the command looks for one of this configuration.
    init(role: Configuration.Role, configuration: String) {
        if let runtime = getenv("RUNTIME_DIRECTORY") {
            path = "\(String(cString: runtime))/\(role).sock"
        } else {
            path = ControlAddress.own(role, configuration: configuration)
        }
    }

    func listen(_ answer: @escaping @Sendable (ControlRequest) async -> ControlReply) {
        guard let path else {
            Log.warning("the command cannot ask this daemon: \(ControlAddress.privateFolder) belongs to somebody else")
            return
        }
        do throws(FileError) { server = try ControlServer(path: path, answer: answer) } catch {
            Log.warning("the command cannot ask this daemon: \(error)")
        }
    }

    /// Says in a directory where its daemon is to be asked; again whenever the directory was opened anew.
    func announce(in store: ChunkStore) {
        guard let server else { return }
        do throws(FileError) { try store.announce(socket: server.path) } catch {
            Log.warning("the command cannot ask this daemon: \(error)")
        }
    }

    func close() {
        server?.close()
        server = nil
    }
}

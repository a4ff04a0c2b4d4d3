// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GLib
internal import Glibc

/// Where a daemon can be asked by the command, for as long as it has its directory.
@MainLoop final class Control {
    private let role: String
    private var server: ControlServer?

    init(role: String) { self.role = role }

    /// Listens, and says so in the directory; again whenever the directory was opened anew.
    func listen(in store: ChunkStore, of directory: RecordingDirectory) {
        close()
        // Where systemd keeps a daemon's sockets; without it, in the directory itself.
        let runtime = getenv("RUNTIME_DIRECTORY").map { String(cString: $0) }
        let path = runtime.map { "\($0)/\(role).sock" } ?? "\(store.directory)/.control"
        do throws(FileError) {
            server = try ControlServer(path: path) { request in
                do {
                    return .done(try await request.perform(in: try await directory.store()))
                } catch {
                    return .failed("\(error)")
                }
            }
            try store.announce(socket: path)
        } catch {
            Log.warning("the command cannot ask this daemon: \(error)")
        }
    }

    func close() {
        server?.close()
        server = nil
    }
}

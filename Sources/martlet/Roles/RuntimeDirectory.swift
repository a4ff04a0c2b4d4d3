// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import Glibc

/// What a daemon remembers from one process to the next, until the machine starts anew.
///
/// In systemd's `$RUNTIME_DIRECTORY`, with `RuntimeDirectoryPreserve=restart`. Without one it remembers nothing.
struct RuntimeDirectory: Sendable {
    enum Note: String {
        /// Frames have flowed.
        case frames
        /// How often the process was started anew for want of frames.
        case restarts
        /// A store has come for the camera's video.
        case store
        /// Asks for the machine to be started anew, where `martlet-reboot.path` watches for it.
        case reboot
        /// What the LED showed before.
        case led
    }

    let path: String?

    static var standard: RuntimeDirectory {
        RuntimeDirectory(path: getenv("RUNTIME_DIRECTORY").map { String(cString: $0) })
    }

    func has(_ note: Note) -> Bool { file(note).map { access($0, F_OK) == 0 } ?? false }

    /// What was written; `nil` if nothing was.
    func read(_ note: Note) -> String? {
        guard let file = file(note), let stream = fopen(file, "re") else { return nil }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    func write(_ note: Note, _ text: String = "") {
        guard let file = file(note) else { return }
        guard let stream = fopen(file, "we"), fputs(text, stream) >= 0, fclose(stream) == 0 else {
            Log.warning("cannot write \(file): \(String(cString: strerror(errno)))")
            return
        }
    }

    func remove(_ note: Note) {
        guard let file = file(note), unlink(file) != 0, errno != ENOENT else { return }
        Log.warning("cannot remove \(file): \(String(cString: strerror(errno)))")
    }

    private func file(_ note: Note) -> String? { path.map { "\($0)/\(note.rawValue)" } }
}

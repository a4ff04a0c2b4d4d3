// SPDX-License-Identifier: Apache-2.0

/// Where a chunk lies in its store: `front-door/2026-11-21/front-door_2026-11-21T10-20-00.000Z.mp4`.
package struct ChunkName: Hashable, Sendable {
    package let camera: String
    /// Time of the first frame.
    package let start: UTCTime

    package init(camera: String, start: UTCTime) {
        (self.camera, self.start) = (camera, start)
    }

    /// The folder, relative to the store's directory.
    package var folder: String { "\(camera)/\(start.date)" }

    /// The finished chunk's file name, without its folder.
    package var file: String { "\(camera)_\(start.fileName).mp4" }

    /// The file name while the chunk is being written.
    package var openFile: String { "\(camera)_\(start.fileName).open.mp4" }

    /// The finished chunk's file, relative to the store's directory.
    package var path: String { "\(folder)/\(file)" }

    /// The name for a path relative to the store's directory, open or finished; `nil` if no chunk is called that.
    package init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        let camera = String(parts[0])
        guard parts[2].hasPrefix("\(camera)_"), parts[2].hasSuffix(".mp4") else { return nil }
        let stamp = parts[2].dropFirst(camera.utf8.count + 1).dropLast(4)
        let time = stamp.hasSuffix(".open") ? stamp.dropLast(5) : stamp
        guard let start = UTCTime(fileName: String(time)) else { return nil }
        self.init(camera: camera, start: start)
        // Nothing but the very name: no other way of writing the same time.
        guard parts[1] == start.date, path == self.path || path == openPath else { return nil }
    }

    /// The chunk's file while it is written, relative to the store's directory.
    package var openPath: String { "\(folder)/\(openFile)" }
}

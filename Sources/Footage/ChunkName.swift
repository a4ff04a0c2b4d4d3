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
}

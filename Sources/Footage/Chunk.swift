// SPDX-License-Identifier: Apache-2.0

/// One finished chunk, as the index knows it.
package struct Chunk: Equatable, Sendable {
    /// The index's key.
    package var id: Int64 = 0
    package var camera: String
    /// The run's key.
    package var run: Int64
    /// Place in the run, from 0.
    package var sequence: Int
    /// Time of the first frame.
    package var start: UTCTime
    package var duration: Duration
    package var frames: Int
    /// Size of the file.
    package var bytes: Int64
    /// The file, relative to the store's directory.
    package var path: String

    package init(
        camera: String,
        run: Int64,
        sequence: Int,
        start: UTCTime,
        duration: Duration,
        frames: Int,
        bytes: Int64,
        path: String
    ) {
        (self.camera, self.run, self.sequence) = (camera, run, sequence)
        (self.start, self.duration, self.frames) = (start, duration, frames)
        (self.bytes, self.path) = (bytes, path)
    }
}

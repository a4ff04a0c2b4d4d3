// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import GLib
internal import Media

extension Recorder.Settings {
    /// What `[camera.recording]` or `[store.recording]` says, and the camera's own `record`.
    init(_ recording: Configuration.Recording, isEnabled: Bool = true) {
        self.init(
            chunkDuration: recording.chunkDuration,
            chunkSize: recording.chunkSize?.bytes,
            isEnabled: recording.enabled && isEnabled
        )
    }
}

extension ChunkStore.Settings {
    /// What `[camera.recording]` or `[store.recording]` says, and the cameras' own limits.
    init(_ recording: Configuration.Recording, cameras: [Configuration.RemoteCamera] = []) {
        let limits = cameras.compactMap { camera in camera.maxSpace.map { (camera.name.description, $0.bytes) } }
        self.init(
            directory: recording.directory,
            maxSpace: recording.maxSpace?.bytes,
            minFree: recording.minFree?.bytes,
            maxAge: recording.maxAge,
            cameraMaxSpace: Dictionary(uniqueKeysWithValues: limits),
            syncInterval: recording.syncInterval
        )
    }
}

extension Journal {
    /// The daemon's log.
    static let log = Journal { level, text, camera in
        switch level {
        case .info: Log.info(text, camera: camera)
        case .notice: Log.notice(text, camera: camera)
        case .warning: Log.warning(text, camera: camera)
        case .error: Log.error(text, camera: camera)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// `[store]`: what this machine does with the footage of its cameras.
    package struct Store: Equatable, Sendable {
        package let recording: Recording
        package let rtsp: RTSP
        package let web: Web
        package let incoming: Incoming?
    }

    /// `[store.incoming]`: chunks that cameras upload as files.
    package struct Incoming: Equatable, Sendable {
        /// The absolute path of the directory that they arrive in.
        package let directory: String
        /// Whose footage it is that comes in a folder, or from a user: by the beginning of its path, or the user's name.
        package let cameras: [String: CameraName]
    }
}

extension Configuration.Store {
    init(reading table: TableReader) {
        recording = table.table("recording") { .init(reading: $0, directory: "/var/lib/martlet/store") }
        rtsp = table.table("rtsp", Configuration.RTSP.init)
        web = table.table("web", Configuration.Web.init)
        incoming = table.optionalTable("incoming", Configuration.Incoming.init)
    }
}

extension Configuration.Incoming {
    init(reading table: TableReader) {
        directory = table.required("directory", .directory, "Where uploaded chunks arrive.")
        cameras = table.map("cameras", .cameraName, "Whose it is: by folder, or by the file's owner.")
    }
}

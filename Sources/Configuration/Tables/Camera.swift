// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// `[camera]`: what this device captures, and what it does with it.
    package struct Camera: Equatable, Sendable {
        package let name: CameraName
        /// The capture pipeline: the name of a file in `pipelines/capture`, without `.gst`.
        package let source: String
        /// In pixels; even.
        package let width: Int
        /// In pixels; even.
        package let height: Int
        /// Frames a second.
        package let framerate: Int
        package let bitrate: BitRate
        package let keyframeInterval: Duration
        /// Degrees: 0 or 180.
        package let rotation: Int
        /// What the capture pipeline calls the camera; empty for the first one.
        package let device: String
        /// A name under `/sys/class/leds`; empty for none.
        package let led: String
        package let recording: Recording
        package let rtsp: RTSP
        package let web: Web
        package let push: Push?
        package let upload: Upload?
        /// Further places that chunks are brought to, by name.
        package let uploads: [NamedUpload]
    }

    /// `[camera.uploads.NAME]`.
    package struct NamedUpload: Equatable, Sendable {
        package let name: CameraName
        package let upload: Upload
    }
}

extension Configuration.Camera {
    init(reading table: TableReader) {
        name = table.required("name", .cameraName, "The camera's name, and its RTSP path.")
        source = table.value("source", .fileName, default: "libcamera", "The capture pipeline that fills the feed.")
        width = table.value("width", .even(in: 64...7680), default: 1920, "Width of the picture in pixels.")
        height = table.value("height", .even(in: 64...4320), default: 1080, "Height of the picture in pixels.")
        framerate = table.value("framerate", .int(in: 1...120), default: 30, "Frames a second.")
        bitrate = table.value("bitrate", .bitrate, default: .megabitsPerSecond(4), "What the encoder aims at.")
        keyframeInterval = table.value("keyframe-interval", .gop, default: .seconds(1), "Time between two keyframes.")
        rotation = table.value("rotation", .oneOf(0, 180), default: 0, "Degrees by which the picture is turned.")
        device = table.value("device", .text, default: "", "Which camera: a path, a libcamera id, or the first one.")
        led = table.value("led", .led.orEmpty, default: "", "The LED that blinks when something is wrong.")
        recording = table.table("recording") { .init(reading: $0, directory: "/var/lib/martlet/camera") }
        rtsp = table.table("rtsp", Configuration.RTSP.init)
        web = table.table("web", Configuration.Web.init)
        push = table.optionalTable("push", Configuration.Push.init)
        upload = table.optionalTable("upload", Configuration.Upload.init)
        uploads = table.tables("uploads", each: "place") { .init(name: $0, upload: Configuration.Upload(reading: $1)) }
    }
}

extension Format<BitRate> {
    fileprivate static var bitrate: Format { .rate(in: .kilobitsPerSecond(100) ... .megabitsPerSecond(100)) }
}

extension Format<Duration> {
    fileprivate static var gop: Format { .duration(in: .milliseconds(100) ... .seconds(10)) }
}

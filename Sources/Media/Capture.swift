// SPDX-License-Identifier: Apache-2.0
package import Configuration
package import Footage
internal import GLib
internal import GStreamer

/// The local camera: sensor, encoder and parser, as one of the descriptions in `pipelines/capture/`.
package struct Capture: FeedSource {
    package let kind = "capture"
    package let hasEncoder = true
    package let fault = Gap.Reason.camera
    package struct Settings: Equatable, Sendable {
        /// The pipeline description, such as `capture/libcamera`.
        package let pipeline: String
        /// What its placeholders stand for.
        package let values: [String: String]

        package init(_ camera: Configuration.Camera) {
            (pipeline, values) = ("capture/\(camera.source)", Capture.values(camera))
        }
    }

    package var name: String { settings.pipeline }
    private let library: PipelineLibrary
    private let settings: Settings
    private var values: [String: String] { settings.values }

    /// Its description is read from the library at each attempt: a mistake in it is a fault like others.
    package init(_ settings: Settings, library: PipelineLibrary) {
        (self.settings, self.library) = (settings, library)
    }

    package var policy: Supervisor.Policy {
        var policy = Supervisor.Policy()
        // A sensor or an encoder has one owner at a time.
        policy.releaseLimit = .seconds(2)
        // About a minute of attempts that each wait for a frame.
        policy.escalationAfter = 5
        return policy
    }

    /// What the placeholders of a capture description stand for.
    package static func values(_ camera: Configuration.Camera) -> [String: String] {
        let interval = camera.keyframeInterval / .seconds(1) * Double(camera.framerate)
        return [
            "name": camera.name.description,
            "device": camera.device,
            "width": String(camera.width),
            "height": String(camera.height),
            "framerate": String(camera.framerate),
            "bitrate": String(camera.bitrate.bitsPerSecond),
            "bitrate-kbit": String(camera.bitrate.bitsPerSecond / 1000),
            "keyframe-frames": String(max(1, Int(interval.rounded()))),
            "flip": camera.rotation == 180 ? "rotate-180" : "none",
        ]
    }

    package func makePipeline() throws -> any SourcePipeline {
        let description = try library.description(name)
        let pipeline = try description.makePipeline(with: values)
        guard pipeline.appSink(named: "feed") != nil else { throw description.missing("appsink name=feed") }
        // A picture's own clock, as the test source has: the media clock's zero lies at the machine's start.
        if let clock = pipeline.element(named: "clock"), clock.hasProperty("datetime-epoch") {
            clock.setEpoch(
                "datetime-epoch",
                unixNanoseconds: WallClock.system.read().offset.inNanoseconds
            )
        }
        pipeline.element(named: "counter")?.showFrameNumbers()
        return pipeline
    }

    /// Of the encoders that come with Martlet's descriptions the bit rate can be changed while they run.
    package func adjust(_ pipeline: any SourcePipeline, to other: any FeedSource) -> Bool {
        guard let pipeline = pipeline as? Pipeline, let other = other as? Capture, other.name == name,
            values != other.values,
            let bitrate = other.values["bitrate"], let kilobits = other.values["bitrate-kbit"].flatMap({ Int($0) }),
            values.allSatisfy({ $0.key.hasPrefix("bitrate") || other.values[$0.key] == $0.value }),
            let encoder = pipeline.element(named: "encoder")
        else { return false }
        do {
            switch encoder.factoryName {
            case "x264enc": try encoder.set("bitrate", to: kilobits)
            case "v4l2h264enc": try encoder.set("extra-controls", fromText: "controls,video_bitrate=\(bitrate)")
            default: return false
            }
        } catch {
            Log.warning("the bit rate cannot be changed while the camera runs: \(error)", camera: values["name"])
            return false
        }
        return true
    }
}

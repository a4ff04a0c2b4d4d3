// SPDX-License-Identifier: Apache-2.0
package import Configuration
package import Footage
internal import GLib
package import GStreamer

/// The local camera: sensor, encoder and parser, as one of the descriptions in `pipelines/capture/`.
package struct Capture: FeedSource {
    package let kind = "capture"
    package let hasEncoder = true
    package let fault = Gap.Reason.camera
    private let description: PipelineDescription
    private let values: [String: String]

    /// - Throws: ``PipelineDescription/Mistake`` if there is no description of the configured `source`.
    package init(_ camera: Configuration.Camera, library: PipelineLibrary) throws(PipelineDescription.Mistake) {
        description = try library.description("capture/\(camera.source)")
        values = Self.values(camera)
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

    package func makePipeline() throws -> Pipeline {
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
}

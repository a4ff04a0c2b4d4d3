// SPDX-License-Identifier: Apache-2.0
package import Configuration
internal import GStreamer

/// Parses every pipeline that a configuration would run, without running one.
package struct PipelineCheck {
    /// What is wrong, and the key in config.toml that leads to it.
    package struct Mistake: Equatable, Sendable {
        package let key: String
        package let text: String
    }

    private let library: PipelineLibrary

    package init(library: PipelineLibrary) { self.library = library }

    package func mistakes(of configuration: Configuration) -> [Mistake] {
        var mistakes: [Mistake] = []
        func check(_ key: String, _ name: String, _ values: [String: String], holding elements: [String]) {
            do throws(PipelineDescription.Mistake) {
                let description = try library.description(name)
                let bin = try description.makeBin(with: values)
                for element in elements where bin.element(named: element) == nil { throw description.missing(element) }
            } catch {
                mistakes.append(Mistake(key: key, text: error.description))
            }
        }
        if let camera = configuration.camera {
            check("camera.source", "capture/\(camera.source)", Capture.values(camera), holding: ["feed"])
            if let push = camera.push {
                let values = Publisher.values(url: push.url)
                check("camera.push", Publisher.pipeline, values, holding: ["feed", "sink"])
            }
            if camera.recording.enabled {
                check(
                    "camera.recording",
                    "record/mp4",
                    Recorder.values(.init(chunkDuration: .zero)),
                    holding: ["feed", "chunks"]
                )
            }
        }
        if let store = configuration.store {
            for camera in configuration.cameras {
                guard let url = camera.url else {
                    let values = Ingest.values()
                    check("cameras.\(camera.name).push", Ingest.pipeline, values, holding: ["feed", "depay0"])
                    continue
                }
                let values = Receiver.values(url: url, transport: camera.transport)
                check("cameras.\(camera.name).url", "receive/rtsp", values, holding: ["feed", "source"])
            }
            if store.incoming != nil {
                let values = ["input": "/dev/null", "output": "/dev/null", "codec": "h264", "stream-format": "avc"]
                check("store.incoming", "transfer/matroska", values, holding: [])
            }
            if store.recording.enabled {
                check(
                    "store.recording",
                    "record/mp4",
                    Recorder.values(.init(chunkDuration: .zero)),
                    holding: ["feed", "chunks"]
                )
            }
        }
        for role in [configuration.camera.map { _ in "camera" }, configuration.store.map { _ in "store" }] {
            guard let role else { continue }
            check("\(role).rtsp", "serve/rtsp", ["codec": VideoCodec.h264.rawValue], holding: ["feed", "pay0"])
            let web = role == "camera" ? configuration.camera?.web : configuration.store?.web
            guard let web, web.listen != nil || web.tlsListen != nil else { continue }
            check("\(role).web", "serve/live", [:], holding: ["feed", "media"])
            check("\(role).web", "serve/snapshot", ["width": "640"], holding: ["picture", "picture-out"])
            check("\(role).web", "serve/webrtc", ["payload": "96", "ssrc": "1"], holding: ["feed", "webrtc"])
        }
        return mistakes
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import GLib
internal import GStreamer
internal import Media
internal import Serving

/// `martlet camera`: capture → feed → recorder and RTSP server.
@MainLoop enum CameraRole {
    static func run(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        Log.start()
        let configuration: Configuration
        switch arguments.loadConfiguration(requiring: .camera, terminal) {
        case .success(let loaded): configuration = loaded
        case .failure(let failure): return failure.status
        }
        guard let camera = configuration.camera else { return .wrong }
        Library.start()
        do {
            let daemon = try make(camera, library: .standard())
            Log.notice(
                "camera \(camera.name), martlet \(Martlet.version), \(Library.version): "
                    + "rtsp://\(camera.rtsp.listen)/\(camera.name)"
            )
            return await daemon.run()
        } catch {
            Log.error("\(error)")
            return .wrong
        }
    }

    private static func make(_ camera: Configuration.Camera, library: PipelineLibrary) throws -> Daemon {
        let feed = Feed(camera: camera.name.description, origin: .mediaClock)
        let capture = try Capture(camera, library: library)
        let directory =
            camera.recording.enabled ? RecordingDirectory(.init(camera.recording), journal: .log) : nil
        let record = try library.description("record/mp4")
        let recorder = directory.map {
            Recorder(feed: feed, directory: $0, description: record, settings: .init(camera.recording))
        }
        let service = try RTSPService(listen: camera.rtsp.listen, library: library)
        let source = SourceRunner(capture, feed: feed)
        return Daemon(
            role: "camera",
            cameras: [Camera(feed: feed, source: source, recorder: recorder)],
            directory: directory,
            service: service
        )
    }
}

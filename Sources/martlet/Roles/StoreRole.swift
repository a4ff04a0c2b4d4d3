// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import GLib
internal import GStreamer
internal import Media
internal import Serving

/// `martlet store`: for each of its cameras receiver → feed → recorder and RTSP server.
@MainLoop enum StoreRole {
    static func run(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        Log.start()
        let configuration: Configuration
        switch arguments.loadConfiguration(requiring: .store, terminal) {
        case .success(let loaded): configuration = loaded
        case .failure(let failure): return failure.status
        }
        guard let store = configuration.store else { return .wrong }
        Library.start()
        do {
            let daemon = try make(store, cameras: configuration.cameras, library: .standard())
            Log.notice(
                "store of \(configuration.cameras.count) cameras, martlet \(Martlet.version), \(Library.version): "
                    + "rtsp://\(store.rtsp.listen)/CAMERA"
            )
            return await daemon.run()
        } catch {
            Log.error("\(error)")
            return .wrong
        }
    }

    private static func make(
        _ store: Configuration.Store,
        cameras: [Configuration.RemoteCamera],
        library: PipelineLibrary
    ) throws -> Daemon {
        let isRecording = store.recording.enabled && cameras.contains(where: \.record)
        let settings = ChunkStore.Settings(store.recording, cameras: cameras)
        let directory = isRecording ? RecordingDirectory(settings, journal: .log) : nil
        let record = try library.description("record/mp4")
        let service = try RTSPService(listen: store.rtsp.listen, library: library)
        var received: [Camera] = []
        for camera in cameras {
            guard let url = camera.url else { continue }
            let feed = Feed(camera: camera.name.description, origin: .sender)
            let receiver = try Receiver(url: url, camera: camera, library: library)
            let recorder = directory.flatMap { directory in
                camera.record
                    ? Recorder(feed: feed, directory: directory, description: record, settings: .init(store.recording))
                    : nil
            }
            received.append(
                Camera(feed: feed, source: SourceRunner(receiver, feed: feed), recorder: recorder)
            )
        }
        return Daemon(role: "store", cameras: received, directory: directory, service: service)
    }
}

// SPDX-License-Identifier: Apache-2.0
import Access
import Configuration
import Footage
import Foundation
import GLib
import Media
import TestSupport
import Testing

@testable import HTTP
@testable import Web

/// A service over HTTP with footage that GStreamer made, and somebody who is logged in.
@MainLoop final class RecordedSite {
    nonisolated let scratch: ScratchDirectory
    nonisolated let directory: String
    nonisolated let url: String
    nonisolated let store: ChunkStore
    /// Of an operator.
    nonisolated let cookie: String
    nonisolated let access: AccessStore
    let service: WebService

    nonisolated static let password = "correct horse battery"
    /// When the first chunk begins: 2026-10-25T00:59:58Z, two seconds before Central Europe's clocks go back.
    nonisolated static let start = UTCTime(nanoseconds: 1_792_889_998_000_000_000)

    /// `chunks` are of each camera, one after another, of so many frames each, 30 a second, a keyframe each second.
    init(
        cameras: [String] = ["door"],
        chunks: [Int] = [90, 90, 90],
        options: String = "bframes=0",
        pattern: String? = nil,
        feed: @escaping @Sendable (String) -> Feed? = { _ in nil },
        status: String = "{}"
    ) async throws {
        let scratch = try ScratchDirectory()
        let access = try AccessStore(directory: scratch("access"))
        let recording = RecordingDirectory(
            ChunkStore.Settings(directory: scratch("footage")),
            journal: Journal { _, _, _ in }
        )
        let store = try await recording.store()
        (self.scratch, self.access, self.store, directory) = (scratch, access, store, store.directory)
        var id: Int64 = 0
        for camera in cameras {
            let run = try await store.index.add(
                Run(
                    identity: makeIdentity(),
                    camera: camera,
                    boot: "boot",
                    clock: .init(offset: Self.start.nanoseconds, state: .synchronised)
                )
            )
            var frame = 0
            for (sequence, frames) in chunks.enumerated() {
                id += 1
                try await Self.add(
                    id,
                    camera,
                    run,
                    sequence,
                    mediaTime: Int64(frame) * 1_000_000_000 / 30,
                    frames,
                    options,
                    pattern: pattern,
                    to: store
                )
                frame += frames
            }
        }
        try await access.add("anna", role: .operator, password: Self.password, at: 0)
        cookie = try await access.openSession(
            for: "anna",
            seconds: 3600,
            from: "127.0.0.1",
            with: "tests",
            at: Int64(Date().timeIntervalSince1970)
        )
        let backend = Backend(
            status: { Array(status.utf8) },
            cameras: { _ in nil },
            settings: PageSettings(of: scratch("config.toml"), role: .store),
            settingsChanged: {},
            recordingKey: { _ in nil },
            guests: { (try? await access.guests()) ?? .unknown },
            access: { access },
            store: { store },
            freeSpace: { 1_000_000 },
            feed: { feed($0) },
            sessionSeconds: { 3600 }
        )
        let port = try freePort()
        url = "http://127.0.0.1:\(port)"
        service = WebService(
            backend,
            page: PageFiles(folder: "\(Product.repository)/page"),
            library: PipelineLibrary(folders: ["\(Product.repository)/pipelines"]),
            version: "test"
        )
        try service.listen(host: "127.0.0.1", port: port)
    }

    /// The picture of each camera and chunk is another one.
    nonisolated static func add(
        _ id: Int64,
        _ camera: String,
        _ run: Int64,
        _ sequence: Int,
        from origin: UTCTime = RecordedSite.start,
        mediaTime: Int64,
        _ frames: Int,
        _ options: String,
        size: String = "width=320,height=240",
        pattern: String? = nil,
        isOpen: Bool = false,
        to store: ChunkStore
    ) async throws {
        let start = origin + .nanoseconds(mediaTime)
        let name = ChunkName(camera: camera, start: start)
        var chunk = Chunk(
            id: id,
            camera: camera,
            run: run,
            sequence: sequence,
            state: isOpen ? .open : .complete,
            start: start,
            mediaTime: mediaTime,
            path: name.path
        )
        let path = "\(store.directory)/\(isOpen ? chunk.openPath : chunk.path)"
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
            withIntermediateDirectories: true
        )
        let made = try await launch(
            """
            gst-launch-1.0 -q videotestsrc num-buffers=\(frames) pattern=\(pattern ?? ["smpte", "ball", "pinwheel"][Int(id) % 3]) \
            ! timeoverlay time-mode=buffer-time ! video/x-raw,\(size),framerate=30/1,format=I420 \
            ! x264enc key-int-max=30 speed-preset=ultrafast \(options) ! h264parse \
            ! mp4mux fragment-mode=\(isOpen ? "dash-or-mss" : "first-moov-then-finalise") fragment-duration=250 ! filesink location=\(path)
            """
        )
        try #require(made.status == 0, "\(made.errors)")
        let bytes = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64 ?? 0
        if !isOpen {
            (chunk.duration, chunk.frames) = (.nanoseconds(Int64(frames) * 1_000_000_000 / 30), frames)
        }
        (chunk.bytes, chunk.allocated) = (bytes, bytes)
        try await store.index.add(chunk)
    }

    private nonisolated static func launch(_ command: String) async throws -> CommandResult {
        try await run(command.split(separator: " ").map(String.init))
    }

    /// As curl writes it: the file's status and length, and what it holds.
    nonisolated func get(_ path: String, to file: String = "answer", _ options: String...) async throws -> String {
        let asked = try await run(
            ["curl", "-sS", "-b", "martlet-session=\(cookie)", "-o", scratch(file), "-w", "%{http_code}"] + options
                + [url + "/api/v1" + path]
        )
        try #require(asked.status == 0, "\(asked.errors)")
        return asked.output
    }

    /// A span that begins and ends so many seconds after the first frame, as the query has it.
    nonisolated static func span(_ from: Double, _ to: Double) -> String {
        "from=\((start + .milliseconds(Int64(from * 1000))).rfc3339)&to=\((start + .milliseconds(Int64(to * 1000))).rfc3339)"
    }

    nonisolated func text(_ file: String = "answer") throws -> String {
        String(decoding: try TestSupport.bytes(of: scratch(file)), as: UTF8.self)
    }

    /// The frames of each chunk of a camera, in order, as ffmpeg digests them.
    nonisolated func accessUnits(of camera: String) async throws -> [[String]] {
        var all: [[String]] = []
        for chunk in try await store.index.chunks(camera: camera) {
            all.append(try await TestSupport.accessUnits(of: "\(directory)/\(chunk.path)"))
        }
        return all
    }

    func close() { service.close() }
}

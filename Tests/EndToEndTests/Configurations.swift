// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport

/// A camera with the test picture, and where its store finds it.
struct TestCamera {
    let name: String
    let port: Int
    let directory: String
    let configuration: String

    var url: String { "rtsp://127.0.0.1:\(port)/\(name)" }

    /// Its chunks are in `directory`, or in a folder of its own; `more` is what else its recording's table says.
    init(
        _ name: String,
        in scratch: ScratchDirectory,
        size: (Int, Int) = (640, 360),
        directory: String? = nil,
        more: String = ""
    ) throws {
        self.name = name
        port = try freePort()
        self.directory = directory ?? "\(scratch.path)/\(name)"
        configuration = "\(scratch.path)/\(name).toml"
        let text = """
            [camera]
            name = "\(name)"
            source = "test"
            width = \(size.0)
            height = \(size.1)
            bitrate = "3 Mbit/s"
            [camera.recording]
            directory = "\(self.directory)"
            chunk-duration = "10 s"
            \(more)
            [camera.rtsp]
            listen = "127.0.0.1:\(port)"
            tls-listen = "none"
            [camera.web]
            listen = "none"
            tls-listen = "none"
            [access]
            directory = "\(scratch.path)/access-\(name)"
            """
        try text.write(toFile: configuration, atomically: true, encoding: .utf8)
    }
}

/// A store of cameras, each with its URL and what else its table says; without a URL the camera pushes.
struct TestStore {
    let port: Int
    let directory: String
    let configuration: String

    /// `recording` is what `[store.recording]` says besides.
    init(
        _ cameras: [(name: String, url: String, more: String)],
        in scratch: ScratchDirectory,
        recording: String = ""
    ) throws {
        port = try freePort()
        directory = "\(scratch.path)/store"
        configuration = "\(scratch.path)/store.toml"
        let head = """
            [store.recording]
            directory = "\(directory)"
            chunk-duration = "10 s"
            \(recording)
            [store.rtsp]
            listen = "127.0.0.1:\(port)"
            tls-listen = "none"
            [store.web]
            listen = "none"
            tls-listen = "none"
            [access]
            directory = "\(scratch.path)/access-store"

            """
        let tables = cameras.map { camera in
            let source = camera.url.isEmpty ? "push = true" : "url = \"\(camera.url)\""
            return "[cameras.\(camera.name)]\n\(source)\n\(camera.more)\n"
        }
        try (head + tables.joined()).write(toFile: configuration, atomically: true, encoding: .utf8)
    }

    init(_ cameras: [TestCamera], in scratch: ScratchDirectory, recording: String = "") throws {
        try self.init(cameras.map { ($0.name, $0.url, "") }, in: scratch, recording: recording)
    }

    func url(of camera: String) -> String { "rtsp://127.0.0.1:\(port)/\(camera)" }
}

/// Has a configuration of these serve RTSP encrypted as well.
func serveEncrypted(_ configuration: String, at address: String) throws {
    let text = try String(contentsOfFile: configuration, encoding: .utf8)
    // RTSP's table comes first.
    let changed = text.replacing("tls-listen = \"none\"", with: "tls-listen = \"\(address)\"", maxReplacements: 1)
    try changed.write(toFile: configuration, atomically: true, encoding: .utf8)
}

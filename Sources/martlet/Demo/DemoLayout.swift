// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import Glibc

/// Where the demo's roles listen and write, as the configuration files that they are given.
struct DemoLayout {
    struct Camera {
        let name: String
        let port: Int
        let directory: String
        let configuration: String
    }

    let directory: String
    let cameras: [Camera]
    let storeConfiguration: String
    private let storePort: Int
    private let webPort: Int
    private var storeDirectory: String { "\(directory)/store" }

    /// Makes the directory and writes the files.
    init(directory given: String?, cameras count: Int) throws(UsageError) {
        directory = try Self.makeDirectory(given)
        var ports = FreePorts(from: 8554)
        storePort = try ports.next()
        var webPorts = FreePorts(from: 8080)
        webPort = try webPorts.next()
        let names = ["front-door", "till"] + (3...16).map { "camera-\($0)" }
        var cameras: [Camera] = []
        for name in names.prefix(count) {
            let camera = Camera(
                name: name,
                port: try ports.next(),
                directory: "\(directory)/\(name)",
                configuration: "\(directory)/\(name).toml"
            )
            try Self.write(Self.text(of: camera), to: camera.configuration)
            cameras.append(camera)
        }
        self.cameras = cameras
        storeConfiguration = "\(directory)/store.toml"
        try Self.write(storeText, to: storeConfiguration)
    }

    private static func text(of camera: Camera) -> String {
        """
        [camera]
        name = "\(camera.name)"
        source = "test"
        width = 1280
        height = 720
        framerate = 30
        bitrate = "2 Mbit/s"

        [camera.recording]
        directory = "\(camera.directory)"
        chunk-duration = "10 s"

        [camera.rtsp]
        listen = "127.0.0.1:\(camera.port)"
        tls-listen = "none"

        [camera.web]
        listen = "none"
        tls-listen = "none"

        [access]
        directory = "\(camera.directory)-access"

        """
    }

    private var storeText: String {
        let head = """
            [store.recording]
            directory = "\(storeDirectory)"
            chunk-duration = "10 s"

            [store.rtsp]
            listen = "127.0.0.1:\(storePort)"
            tls-listen = "none"

            [store.web]
            listen = "127.0.0.1:\(webPort)"
            tls-listen = "none"

            [access]
            directory = "\(directory)/store-access"

            """
        return cameras.reduce(head) { text, camera in
            text + """

                [cameras.\(camera.name)]
                url = "rtsp://127.0.0.1:\(camera.port)/\(camera.name)"

                """
        }
    }

    /// What is running and what to try.
    func introduction(length: Duration?) -> String {
        let first = cameras[0].name
        var lines = ["Martlet runs \(cameras.count) cameras with a test picture, and a store that records them.", ""]
        for camera in cameras {
            lines.append("  camera \(camera.name.padded(to: 12))rtsp://127.0.0.1:\(camera.port)/\(camera.name)")
            lines.append("         its card     \(camera.directory)")
        }
        for camera in cameras {
            lines.append("  store  \(camera.name.padded(to: 12))rtsp://127.0.0.1:\(storePort)/\(camera.name)")
        }
        lines += [
            "         its footage  \(storeDirectory)", "",
            "Open http://127.0.0.1:\(webPort)/ in a browser, or try:",
            "  ffplay -fflags nobuffer -rtsp_transport tcp rtsp://127.0.0.1:\(storePort)/\(first)",
            "  vlc rtsp://127.0.0.1:\(storePort)/\(first)",
            "  \(Self.program) chunks list --directory \(storeDirectory)",
            "  pkill -9 -f 'camera --config \(directory)/\(first).toml'     and watch it come back", "",
            length.map { "It ends by itself after \($0.components.seconds) s; Ctrl-C ends it earlier." }
                ?? "Ctrl-C ends it.",
        ]
        return lines.joined(separator: "\n")
    }

    /// What was recorded where, and whether something was everywhere.
    func summary() async -> (text: String, hasFootage: Bool) {
        var lines = ["", "Recorded:"]
        var hasFootage = true
        let places = cameras.map { ($0.name, $0.directory) } + [("store", storeDirectory)]
        for (name, directory) in places {
            do {
                let index = try ChunkIndex(path: ChunkStore.indexPath(in: directory), readOnly: true)
                let chunks = try await index.chunks()
                hasFootage = hasFootage && !chunks.isEmpty
                let frames = chunks.reduce(0) { $0 + $1.frames }
                lines.append("  \(name.padded(to: 12))\(chunks.count) chunks, \(frames) frames in \(directory)")
            } catch {
                hasFootage = false
                lines.append("  \(name.padded(to: 12))\(error)")
            }
        }
        return (lines.joined(separator: "\n"), hasFootage)
    }

    /// This program, which need not be on the `PATH`.
    private static var program: String {
        guard let path = realpath("/proc/self/exe", nil) else { return "martlet" }
        defer { free(path) }
        return String(cString: path)
    }

    private static func makeDirectory(_ given: String?) throws(UsageError) -> String {
        guard let given else {
            var template = Array("/tmp/martlet-demo-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                throw UsageError("martlet demo: cannot make a directory in /tmp: \(String(cString: strerror(errno)))")
            }
            return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        guard mkdir(given, 0o750) == 0 || errno == EEXIST, let path = realpath(given, nil) else {
            throw UsageError("martlet demo: cannot make the directory \(given): \(String(cString: strerror(errno)))")
        }
        defer { free(path) }
        return String(cString: path)
    }

    private static func write(_ text: String, to path: String) throws(UsageError) {
        guard let file = fopen(path, "we") else {
            throw UsageError("martlet demo: cannot write \(path): \(String(cString: strerror(errno)))")
        }
        let isWritten = fputs(text, file) >= 0
        guard fclose(file) == 0, isWritten else {
            throw UsageError("martlet demo: cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}

/// TCP ports on loopback that nobody listens on, so that the demo runs beside a real Martlet.
private struct FreePorts {
    private var candidate: Int

    init(from first: Int) { candidate = first }

    mutating func next() throws(UsageError) -> Int {
        while candidate < 65536 {
            defer { candidate += 1 }
            if isFree(candidate) { return candidate }
        }
        throw UsageError("martlet demo: there is no free TCP port on 127.0.0.1")
    }

    private func isFree(_ port: Int) -> Bool {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard probe >= 0 else { return false }
        defer { close(probe) }
        var reuse: Int32 = 1
        setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(probe, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(1, width - count))
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(4))) struct OtherCameraTests {
    /// GStreamer's own RTSP server as a camera of another maker: `python3 -c script port launch-line`.
    static let server = """
        import gi, sys
        gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0')
        from gi.repository import Gst, GstRtspServer, GLib
        Gst.init(None)
        server = GstRtspServer.RTSPServer(); server.set_service(sys.argv[1])
        factory = GstRtspServer.RTSPMediaFactory(); factory.set_launch('( ' + sys.argv[2] + ' )'); factory.set_shared(True)
        server.get_mount_points().add_factory('/camera', factory)
        server.attach(None); GLib.MainLoop().run()
        """

    private static let picture =
        "videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! "

    /// Name, what the camera sends, what its table in config.toml says, what the store says of it.
    static let cameras = [
        (
            "h264", picture + "x264enc tune=zerolatency key-int-max=25 ! rtph264pay name=pay0", "",
            "receiver runs: H.264 320×240"
        ),
        (
            "by-udp", picture + "x264enc tune=zerolatency key-int-max=25 ! rtph264pay name=pay0", "transport = \"udp\"",
            "receiver runs: H.264 320×240"
        ),
        (
            "b-frames", picture + "x264enc bframes=2 b-adapt=false key-int-max=25 ! rtph264pay name=pay0", "",
            "receiver runs: H.264 320×240"
        ),
        (
            "h265", picture + "x265enc tune=zerolatency key-int-max=25 ! rtph265pay name=pay0", "",
            "receiver runs: H.265 320×240"
        ),
        (
            "with-sound",
            picture + "x264enc tune=zerolatency key-int-max=25 ! rtph264pay name=pay0 "
                + "audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay1",
            "", "receiver runs: H.264 320×240"
        ),
        (
            "mjpeg", picture + "jpegenc ! rtpjpegpay name=pay0", "",
            "the camera sends MJPEG, which Martlet cannot record: set it to H.264 or H.265"
        ),
    ]

    @Test("cameras of other makers are recorded as they are, or refused in words")
    func otherMakers() async throws {
        let scratch = try ScratchDirectory()
        var tables: [(String, String, String)] = []
        var servers: [Process] = []
        defer { for server in servers { kill(server.processIdentifier, SIGKILL) } }
        for (name, launch, more, _) in Self.cameras {
            let port = try freePort()
            let server = Process()
            server.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
            server.arguments = ["-c", Self.server, String(port), launch]
            try server.run()
            servers.append(server)
            tables.append((name, "rtsp://127.0.0.1:\(port)/camera", more))
        }
        let places = try TestStore(tables, in: scratch)
        let store = try Martlet("store", "--config", places.configuration)
        for (name, _, _, line) in Self.cameras { try await store.expect("\(name): ", and: line) }
        // A chunk of each is finished at the next ten seconds of the clock.
        let recorded = Self.cameras.map(\.0).filter { $0 != "mjpeg" }
        for name in recorded { try await store.expect("\(name): chunk") }
        store.send(SIGTERM)
        #expect(try await store.end() == 0)
        for name in recorded {
            let footage = Footage(of: name, in: places.directory)
            #expect(!footage.files.isEmpty)
            try await footage.decodes()
        }
    }

    @Test("VLC relays what ffmpeg made, and the store records it over UDP, and says that VLC has no TCP")
    func vlc() async throws {
        let scratch = try ScratchDirectory()
        chmod(scratch.path, 0o755)
        let film = "\(scratch.path)/film.ts"
        let made = try await run(
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc=s=320x240:r=25",
            "-t",
            "60",
            "-c:v",
            "libx264",
            "-bf",
            "0",
            "-g",
            "25",
            "-pix_fmt",
            "yuv420p",
            "-f",
            "mpegts",
            film
        )
        #expect(made.status == 0, "\(made.errors)")
        let url = "rtsp://127.0.0.1:\(try freePort())/film"
        let vlc = Process()
        vlc.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // VLC refuses to run as root.
        let user = getuid() == 0 ? ["setpriv", "--reuid=nobody", "--clear-groups", "env", "HOME=/tmp"] : []
        vlc.arguments = user + ["cvlc", "-q", film, "--sout", "#rtp{sdp=\(url)}", "--sout-keep"]
        vlc.standardError = FileHandle.nullDevice
        try vlc.run()
        defer { kill(vlc.processIdentifier, SIGKILL) }
        let places = try TestStore([("by-udp", url, "transport = \"udp\""), ("by-tcp", "\(url)?tcp", "")], in: scratch)
        let store = try Martlet("store", "--config", places.configuration)
        // The format is told once a keyframe has come; VLC has been sending for a while by then.
        try await store.expect("by-udp: receiver runs")
        try await store.expect("by-tcp: receiver stopped: the server does not send over tcp: set transport = \"udp\"")
        try await store.expect("by-udp: chunk")
        store.send(SIGTERM)
        #expect(try await store.end() == 0)
        try await Footage(of: "by-udp", in: places.directory).decodes()
    }
}

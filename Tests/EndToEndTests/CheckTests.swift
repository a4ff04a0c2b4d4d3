// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct CheckTests {
    @Test("martlet check finds ten mistakes in one file, each with its place")
    func tenMistakes() async throws {
        let scratch = try ScratchDirectory()
        let file = "\(scratch.path)/config.toml"
        let text = """
            [camera]
            name = "Front_Door"
            width = 1921
            framerate = "30"
            bitrate = "4 MB"
            [camera.recording]
            chunk-lenght = "10 min"
            chunk-duration = 10
            [store]
            [store.rtsp]
            listen = "0.0.0.0:99999"
            [cameras.a]
            url = "rtsp://host/a"
            [cameras.b]
            url = "rtsp://host/a"
            transport = "tpc"
            [cameras.c]
            """
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let result = try await run(Martlet.path, "check", "--config", file)
        #expect(result.status == 1)
        let places = result.output.split(separator: "\n").compactMap { line in
            line.firstMatch(of: #/config\.toml:(\d+):\d+: error: /#).flatMap { Int($0.1) }
        }
        #expect(places == [2, 3, 4, 5, 7, 8, 11, 15, 16, 17], "\(result.output)")
        #expect(result.output.hasSuffix("10 mistakes\n"))
    }

    @Test("martlet check says in one line that a file is right")
    func noMistake() async throws {
        let scratch = try ScratchDirectory()
        let camera = try TestCamera("door", in: scratch)
        let result = try await run(Martlet.path, "check", "--config", camera.configuration)
        #expect(result.status == 0)
        #expect(result.output == "\(camera.configuration): no mistakes: camera door (test, 640×360, 30/s)\n")
    }

    @Test("a file that is not there is another matter than a mistake in it")
    func unreadable() async throws {
        let result = try await run(Martlet.path, "check", "--config", "/nowhere/config.toml")
        #expect(result.status == 2)
        #expect(result.errors.contains("cannot read /nowhere/config.toml: No such file or directory"))
    }

    @Test(
        "the Raspberry Pi camera's pipelines parse with Debian's libcamerasrc and negotiate without a sensor",
        arguments: ["libcamera", "libcamera-software"]
    )
    func libcamera(name: String) async throws {
        let printed = try await run(Martlet.path, "pipeline", "capture/\(name)", "--config", "/nowhere/config.toml")
        #expect(printed.status == 0)
        // What cannot be had here is the sensor, and the encoder of the Raspberry Pi: a picture and any encoder of H.264
        // take their places, and everything between them stays.
        var line = printed.output.trimmingCharacters(in: .newlines)
        #expect(line.contains("libcamerasrc name=sensor"))
        // As it stands it parses and links, but for an encoder that only a Raspberry Pi's kernel offers.
        let scratch = try ScratchDirectory()
        try scratch.write("config.toml", "[camera]\nname = \"door\"\nsource = \"\(name)\"\n")
        let checked = try await run(Martlet.path, "check", "--config", scratch("config.toml"))
        let hasEncoder = try await run("gst-inspect-1.0", "v4l2h264enc").status == 0
        if name == "libcamera-software" || hasEncoder {
            #expect(checked.status == 0, "\(checked.output)")
        } else {
            #expect(checked.output.contains("'v4l2h264enc' is not to be had on this machine"))
        }
        line = line.replacingOccurrences(of: "libcamerasrc name=sensor", with: "videotestsrc num-buffers=3")
        line = line.replacing(#/v4l2h264enc name=encoder extra-controls="[^"]*"/#, with: "videoconvert ! x264enc")
        line = line.replacingOccurrences(of: "appsink name=feed sync=false", with: "fakesink")
        let played = try await run("sh", "-c", "printf '%s' '\(line)' | xargs gst-launch-1.0 -q")
        #expect(played.status == 0, "\(line)\n\(played.errors)")
        // And the real source goes as far as it can without one.
        let source = try await run("gst-launch-1.0", "libcamerasrc", "!", "fakesink", "num-buffers=1")
        #expect(source.status != 0 && !source.errors.contains("no element"))
    }
}

// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct DemoTests {
    @Test("the demo records two cameras at both ends; one that is killed comes back and costs the other nothing")
    func demo() async throws {
        let scratch = try ScratchDirectory()
        let demo = try Martlet("demo", "--for", "45s", "--directory", scratch.path)
        try await demo.expect("receiver runs", times: 2)
        let urls = demo.output.compactMap {
            $0.firstMatch(of: #/rtsp:\/\/127\S+\/(front-door|till)$/#).map { String($0.0) }
        }
        #expect(Set(urls).count == 4)
        for url in Set(urls) {
            let fields = "stream=codec_name,width,height,r_frame_rate"
            let probe = try await run(
                "ffprobe",
                "-v",
                "error",
                "-rtsp_transport",
                "tcp",
                "-show_entries",
                fields,
                "-of",
                "csv=p=0",
                url
            )
            #expect(probe.output == "h264,1280,720,30/1\n", "\(url): \(probe.errors)")
        }
        _ = try await run("pkill", "-KILL", "-f", "camera --config \(scratch.path)/till.toml")
        try await demo.expect("till: receiver runs", times: 2)
        #expect(try await demo.end(within: .seconds(70)) == 0)

        for camera in ["front-door", "till"] {
            let card = Footage(of: camera, in: "\(scratch.path)/\(camera)")
            let store = Footage(of: camera, in: "\(scratch.path)/store")
            try await card.decodes()
            try await store.decodes()
            let sent = try await card.accessUnits()
            let kept = try await store.accessUnits()
            #expect(Set(sent).count == sent.count)
            if camera == "front-door" {
                // Whole but for what was filmed before the store had come.
                let first = try #require(sent.firstIndex(of: kept.first ?? ""))
                #expect(Array(sent[first...]) == kept)
                #expect(first < 300, "the store joined after \(first) frames")
                #expect(breaks(in: try await card.frameTimes()) == [])
                #expect(breaks(in: try await store.frameTimes()) == [])
            } else {
                #expect(breaks(in: try await store.frameTimes()).count == 1, "one gap: the time it was dead")
            }
        }
        // What the killed camera was writing is whole again, up to where it was cut off.
        #expect(openChunks(in: scratch.path) == [])
        let listed = try await run(try Martlet.path, "chunks", "list", "--directory", "\(scratch.path)/till")
        #expect(listed.output.contains("repaired") && listed.output.contains("missing: power"), "\(listed.output)")
        let verified = try await run(try Martlet.path, "chunks", "verify", "--directory", "\(scratch.path)/store")
        #expect(verified.status == 0, "\(verified.errors)")
    }
}

/// Chunks that were left unfinished below a directory.
func openChunks(in directory: String) -> [String] {
    (FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? [])
        .filter { $0.hasSuffix(".open.mp4") }.map { "\(directory)/\($0)" }
}

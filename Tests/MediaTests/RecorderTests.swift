// SPDX-License-Identifier: Apache-2.0
import Footage
import Foundation
import GLib
import GStreamer
import Synchronization
import TestSupport
import Testing

@testable import Media

@Suite("Recorder", .mainLoop, .timeLimit(.minutes(2)))
struct RecorderTests {
    /// Keeps the hash of each frame that it passes on.
    private final class Witness: Sendable {
        let hashes = Mutex<[(time: ClockTime, hash: String, isKeyframe: Bool)]>([])

        func see(_ sample: borrowing Sample) {
            // As the feed has it: without parameter sets.
            let frame =
                if sample.isKeyframe, let bare = sample.withoutParameterSets() { ReceivedFrame(bare) } else {
                    ReceivedFrame(sample)
                }
            hashes.withLock { $0.append((frame.presentation ?? .now, frame.hash, frame.isKeyframe)) }
        }
    }

    private static func recorder(
        of feed: Feed,
        into directory: RecordingDirectory,
        chunkDuration: Duration
    ) -> Recorder {
        let library = PipelineLibrary(folders: ["\(Product.repository)/pipelines"])
        return Recorder(
            feed: feed,
            directory: directory,
            library: library,
            settings: .init(chunkDuration: chunkDuration)
        )
    }

    @Test("chunks are cut on the clock at a keyframe, and over twenty boundaries no frame is lost or doubled")
    func boundaries() async throws {
        let scratch = try ScratchDirectory()
        let feed = Feed(camera: "door", origin: .mediaClock)
        let directory = RecordingDirectory(.init(directory: scratch.path), journal: .silent)
        let recorder = Self.recorder(of: feed, into: directory, chunkDuration: .seconds(1))
        let running = Task { await recorder.run() }
        let source = try Pipeline(
            parsing:
                "videotestsrc is-live=true horizontal-speed=3 ! video/x-raw,format=I420,width=160,height=120,framerate=30/1 "
                + "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 option-string=scenecut=0 "
                + "! h264parse ! video/x-h264,stream-format=avc,alignment=au ! appsink name=feed sync=false"
        )
        let witness = Witness()
        try #require(source.appSink(named: "feed")).onSample { sample in
            witness.see(sample)
            feed.push(sample)
        }
        await source.setState(.playing)
        try await eventually(within: .seconds(20)) { await recorder.finishedChunks >= 3 }
        // Between two chunks there may be none for a moment.
        var open: String?
        try await eventually {
            open = await recorder.openChunk
            return open != nil
        }
        try await openChunkPlays(open)
        try await eventually(within: .seconds(60)) { await recorder.finishedChunks >= 22 }
        await source.setState(.null)
        feed.finish()
        await running.value

        let fed = witness.hashes.withLock { $0 }
        let chunks = try await directory.store().index.chunks()
        #expect(chunks.count >= 23)
        #expect(chunks.map(\.sequence) == Array(0..<chunks.count))
        #expect(chunks.map(\.frames).reduce(0, +) == fed.count)
        var recorded: [String] = []
        for chunk in chunks {
            let file = "\(scratch.path)/\(chunk.path)"
            let decoded = try await run("ffmpeg", "-nostdin", "-v", "error", "-i", file, "-f", "null", "-")
            #expect(decoded.status == 0 && decoded.errors.isEmpty, "\(file): \(decoded.errors)")
            let hashes = try await accessUnits(of: file)
            #expect(hashes.count == chunk.frames)
            recorded += hashes
        }
        #expect(recorded == fed.map(\.hash))
        try expectCutsOnTheClock(chunks, fed)
        #expect(try scratch.entries.filter { $0.hasSuffix(".open.mp4") } == [])
    }

    /// Each chunk begins with the first keyframe at or after a whole second, but for the first two: the run begins by
    /// itself, and its first cut may come a group late where frames had piled up before the recorder.
    private func expectCutsOnTheClock(
        _ chunks: [Chunk],
        _ fed: [(time: ClockTime, hash: String, isKeyframe: Bool)]
    ) throws {
        let first = try #require(chunks.first)
        let origin = try #require(fed.first)
        let offset = first.start.nanoseconds - Int64(origin.time.nanoseconds)
        let clock = RunClock.Mapping(offset: offset, state: .synchronised)
        let keyframes = fed.filter(\.isKeyframe).map { clock.wallTime(of: $0.time) }
        for (previous, chunk) in zip(chunks, chunks.dropFirst()).dropFirst() {
            let boundary = previous.start.nextBoundary(every: .seconds(1))
            let expected = try #require(keyframes.first { $0 >= boundary })
            #expect(abs(chunk.start.nanoseconds - expected.nanoseconds) < 1_000_000, "\(chunk.path)")
        }
    }

    /// The chunk that is being written plays up to its last fragment.
    private func openChunkPlays(_ path: String?) async throws {
        let path = try #require(path)
        #expect(path.hasSuffix(".open.mp4"))
        let copy = path.replacingOccurrences(of: ".open.mp4", with: ".copy")
        try await eventually {
            guard try await run("cp", path, copy).status == 0 else { return true }
            let probe = try await run(
                "ffprobe",
                "-v",
                "error",
                "-count_frames",
                "-show_entries",
                "stream=nb_read_frames",
                "-of",
                "csv=p=0",
                copy
            )
            return (Int(probe.output.trimmingCharacters(in: .newlines)) ?? 0) > 5
                || !FileManager.default.fileExists(atPath: path)
        }
        try await run("rm", "-f", copy)
    }

    @Test("a new format goes into a new run, and no run loses its beginning")
    func runs() async throws {
        let scratch = try ScratchDirectory()
        let feed = Feed(camera: "door", origin: .mediaClock)
        let directory = RecordingDirectory(.init(directory: scratch.path), journal: .silent)
        let recorder = Self.recorder(of: feed, into: directory, chunkDuration: .seconds(86_400))
        let running = Task { await recorder.run() }
        for (size, begin) in [(160, 0), (320, 40), (160, 80)] {
            let start = ClockTime.now
            for (index, frame) in try await encodedFrames(40, gop: 10, size: (size, 120)).enumerated() {
                feed.push(Sample.made(of: frame, at: start + .milliseconds(33 * (begin + index))))
            }
            try await eventually { feed.count(of: .recorder) == 1 }
        }
        feed.finish()
        await running.value
        let chunks = try await directory.store().index.chunks()
        #expect(chunks.map(\.frames).reduce(0, +) == 120)
        #expect(Set(chunks.map(\.run)).count == 3)
    }
}

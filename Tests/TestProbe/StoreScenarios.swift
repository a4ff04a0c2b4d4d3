// SPDX-License-Identifier: Apache-2.0
import Footage
import GLib
import GStreamer
import Glibc
import Media
import TestSupport

/// A store in a process of its own, so that a fault layer can stand between it and its disk.
enum StoreScenarios {
    /// `TestProbe record DIRECTORY CHUNKS MAX-SPACE WRITER`: records the test picture, chunks of 2 s, until so many are finished.
    ///
    /// Says `fed` for each frame that the feed got, and what a recorder says.
    static func record(_ directory: String, chunks: Int, maxSpace: Int64?, by writer: JournaledRecording.Writer) {
        Log.start()
        Library.start()
        MainLoop.run {
            do { try await perform(directory, chunks, maxSpace, writer) } catch { fatalError("\(error)") }
        }
    }

    @MainLoop private static func perform(
        _ path: String,
        _ chunks: Int,
        _ maxSpace: Int64?,
        _ writer: JournaledRecording.Writer
    ) async throws {
        let own = ["\(Product.repository)/pipelines"]
        // A description that the user has is used.
        let library = PipelineLibrary(users: writer == .splitmuxsink ? own : [], folders: own)
        let feed = Feed(camera: "door", origin: .mediaClock)
        let settings = ChunkStore.Settings(directory: path, maxSpace: maxSpace, minFree: 0)
        let directory = RecordingDirectory(settings, journal: journal)
        _ = try await directory.store()
        let recorder = Recorder(
            feed: feed,
            directory: directory,
            library: library,
            settings: .init(chunkDuration: .seconds(2))
        )
        let running = Task { await recorder.run() }
        let source = try Pipeline(
            parsing:
                "videotestsrc is-live=true horizontal-speed=3 ! video/x-raw,format=I420,width=160,height=120,framerate=30/1 "
                + "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=600 key-int-max=30 option-string=scenecut=0 "
                + "! h264parse ! video/x-h264,stream-format=avc,alignment=au ! appsink name=feed sync=false"
        )
        guard let sink = source.appSink(named: "feed") else { fatalError("there is no appsink") }
        sink.onSample { sample in
            feed.push(sample)
            say("fed")
        }
        await source.setState(.playing)
        _ = try await poll(within: .seconds(600)) { recorder.finishedChunks >= chunks }
        await source.setState(.null)
        feed.finish()
        await running.value
        await directory.close()
    }

    /// `TestProbe open DIRECTORY`: opens a store, says what it says, and closes it.
    static func open(_ directory: String) {
        Log.start()
        MainLoop.run {
            do {
                let store = try await ChunkStore.open(.init(directory: directory, minFree: 0), journal: journal)
                say("opened")
                await store.close()
            } catch {
                say("\(error)")
            }
        }
    }

    private static let journal = Journal { _, text, _ in say(text) }

    /// In one piece, where a journal of the disk hears it too.
    private static func say(_ text: String) {
        let line = "\(text)\n"
        guard write(STDERR_FILENO, line, line.utf8.count) == line.utf8.count else { fatalError("nobody listens") }
    }
}

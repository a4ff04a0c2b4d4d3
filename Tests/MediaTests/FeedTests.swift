// SPDX-License-Identifier: Apache-2.0
import GStreamer
import Synchronization
import TestSupport
import Testing

@testable import Media

@Suite("Feed", .gstreamer, .timeLimit(.minutes(1)))
struct FeedTests {
    private static let frame = Duration.milliseconds(40)

    /// A consumer's pipeline, and what came out of it.
    private struct Consumer {
        let pipeline: Pipeline
        let source: AppSource
        let collector: FrameCollector

        init() async throws {
            pipeline = try Pipeline(
                parsing:
                    "appsrc name=feed is-live=true format=time handle-segment-change=true ! appsink name=out sync=false"
            )
            source = try #require(pipeline.appSource(named: "feed"))
            collector = FrameCollector(of: try #require(pipeline.appSink(named: "out")))
            await pipeline.setState(.playing)
        }

        func hasEnded() async -> Bool {
            for await message in pipeline.bus.messages where message == .endOfStream { return true }
            return false
        }
    }

    /// Pushes frames numbered from `first`, a keyframe wherever `isKey` says so; their only byte is their number.
    private func push(
        _ numbers: Range<Int>,
        to feed: Feed,
        caps: String = "video/x-h264,stream-format=(string)avc,alignment=(string)au",
        isKey: (Int) -> Bool
    ) {
        for number in numbers {
            let time = ClockTime(nanoseconds: 1_000_000_000) + Self.frame * number
            let sample = Sample.made(
                of: [UInt8(truncatingIfNeeded: number)],
                caps: caps,
                presentation: time,
                isKeyframe: isKey(number)
            )
            feed.push(sample)
        }
    }

    private func numbers(_ frames: [ReceivedFrame]) -> [UInt8] { frames.map { $0.bytes[0] } }

    @Test("who joins waits for the next keyframe")
    func nextKeyframe() async throws {
        let feed = Feed(camera: "a", origin: .mediaClock)
        push(0..<3, to: feed) { $0 == 0 }
        let consumer = try await Consumer()
        _ = feed.subscribe(consumer.source, as: .viewer, from: .nextKeyframe, limit: 1000)
        push(3..<9, to: feed) { $0 == 5 }
        #expect(numbers(await consumer.collector.next(4)) == [5, 6, 7, 8])
    }

    @Test("a recorder that joins at a run's beginning misses nothing, in true times")
    func beginningOfRun() async throws {
        let feed = Feed(camera: "a", origin: .mediaClock)
        feed.expectRecorder()
        push(0..<3, to: feed) { $0 % 2 == 0 }
        let consumer = try await Consumer()
        _ = feed.subscribe(consumer.source, as: .recorder, from: .beginningOfRun, limit: 1000)
        push(3..<5, to: feed) { _ in false }
        let frames = await consumer.collector.next(5)
        #expect(numbers(frames) == [0, 1, 2, 3, 4])
        let times = frames.compactMap(\.presentation)
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == Self.frame })
    }

    @Test("a player's picture comes from an encoder that is asked, unless the last keyframe is fresh")
    func pictureAtOnce() async throws {
        let feed = Feed(camera: "a", origin: .mediaClock)
        let asked = Mutex(0)
        feed.setKeyframeRequest { asked.withLock { $0 += 1 } }
        let early = try await Consumer()
        _ = feed.subscribe(early.source, as: .viewer, from: .pictureAtOnce, limit: 1000)
        #expect(asked.withLock { $0 } == 1)
        // Made before: between a keyframe and who joins then must lie nothing that may take its time.
        let fresh = try await Consumer()
        push(0..<2, to: feed) { $0 == 0 }
        _ = feed.subscribe(fresh.source, as: .viewer, from: .pictureAtOnce, limit: 1000)
        #expect(asked.withLock { $0 } == 1)
        #expect(numbers(await fresh.collector.next(2)) == [0, 1])
        // A network stream has nobody to be asked.
        feed.setKeyframeRequest(nil)
        let other = try await Consumer()
        _ = feed.subscribe(other.source, as: .viewer, from: .pictureAtOnce, limit: 1000)
        #expect(numbers(await other.collector.next(2)) == [0, 1])
    }

    @Test("a viewer that does not drink loses its own frames up to a keyframe, and nobody else's")
    func slowViewer() async throws {
        let feed = Feed(camera: "a", origin: .mediaClock)
        let slow = try await Consumer()
        // Its pipeline takes nothing: what is pushed stays in the appsrc.
        await slow.pipeline.setState(.paused)
        let quick = try await Consumer()
        let stopped = try Pipeline(parsing: "appsrc name=feed format=time ! fakesink")
        let full = try #require(stopped.appSource(named: "feed"))
        _ = feed.subscribe(full, as: .viewer, from: .nextKeyframe, limit: 3)
        _ = feed.subscribe(quick.source, as: .viewer, from: .nextKeyframe, limit: 1000)
        push(0..<20, to: feed) { $0 % 10 == 0 }
        #expect(numbers(await quick.collector.next(20)) == Array(0..<20))
        // Four bytes exceed the limit of three; the keyframe at ten finds them still there.
        #expect(full.queuedBytes == 4)
    }

    @Test("a recorder that cannot keep up ends rather than hide a gap")
    func slowRecorder() async throws {
        let feed = Feed(camera: "a", origin: .mediaClock)
        let stopped = try Pipeline(parsing: "appsrc name=feed format=time ! appsink name=out sync=false")
        let full = try #require(stopped.appSource(named: "feed"))
        _ = feed.subscribe(full, as: .recorder, from: .nextKeyframe, limit: 3)
        push(0..<20, to: feed) { $0 % 10 == 0 }
        #expect(feed.count(of: .recorder) == 0)
        #expect(full.queuedBytes == 4)
        #expect(full.push(Sample.made(of: [1], presentation: .now, isKeyframe: true)) == .closed)
    }

    @Test("a run ends: recorders finish, viewers wait for the next")
    func endRun() async throws {
        let feed = Feed(camera: "a", origin: .mediaClock)
        let recorder = try await Consumer()
        let viewer = try await Consumer()
        _ = feed.subscribe(recorder.source, as: .recorder, from: .nextKeyframe, limit: 1000)
        _ = feed.subscribe(viewer.source, as: .viewer, from: .nextKeyframe, limit: 1000)
        push(0..<3, to: feed) { $0 == 0 }
        feed.endRun(.init(.stopped))
        #expect(await recorder.hasEnded())
        #expect(numbers(recorder.collector.all) == [0, 1, 2])
        #expect(feed.run == nil)
        push(3..<7, to: feed) { $0 == 5 }
        #expect(numbers(await viewer.collector.next(5)) == [0, 1, 2, 5, 6])
        #expect(feed.run?.number == 2)
        #expect(feed.statistics.undecodable == 2)
    }

    @Test("another format, or a jump in time, begins another run")
    func newRun() async throws {
        let feed = Feed(camera: "a", origin: .mediaClock)
        push(0..<2, to: feed) { $0 == 0 }
        #expect(feed.run?.number == 1)
        push(2..<4, to: feed, caps: "video/x-h264,stream-format=(string)avc,width=(int)640") { $0 == 2 }
        #expect(feed.run?.number == 2)
        #expect(feed.run?.format.int("width") == 640)
        push(1000..<1002, to: feed, caps: "video/x-h264,stream-format=(string)avc,width=(int)640") { $0 == 1000 }
        #expect(feed.run?.number == 3)
    }

    @Test("runs are told as they begin, and end with the feed")
    func runs() async throws {
        let feed = Feed(camera: "a", origin: .mediaClock)
        push(0..<2, to: feed) { $0 == 0 }
        var seen: [Int] = []
        for await run in feed.runs {
            seen.append(run.number)
            if run.number == 2 {
                feed.finish()
            } else {
                feed.endRun(.init(.stopped))
                push(2..<3, to: feed) { _ in true }
            }
        }
        #expect(seen == [1, 2])
        push(3..<4, to: feed) { _ in true }
        #expect(feed.run == nil)
    }

    @Test("who has closed its pipeline is forgotten")
    func closedConsumer() async throws {
        let feed = Feed(camera: "a", origin: .mediaClock)
        let consumer = try await Consumer()
        _ = feed.subscribe(consumer.source, as: .viewer, from: .nextKeyframe, limit: 1000)
        await consumer.pipeline.setState(.null)
        push(0..<1, to: feed) { _ in true }
        #expect(feed.count(of: .viewer) == 0)
    }

    @Test("keyframes lose the parameter sets that their format has")
    func parameterSets() async throws {
        let feed = Feed(camera: "a", origin: .mediaClock)
        let consumer = try await Consumer()
        _ = feed.subscribe(consumer.source, as: .viewer, from: .nextKeyframe, limit: 1000)
        let unit: [UInt8] = [0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x68, 2, 0, 0, 0, 3, 0x65, 3, 4]
        feed.push(Sample.made(of: unit, presentation: .now, isKeyframe: true))
        #expect(await consumer.collector.next(1).map(\.bytes) == [[0, 0, 0, 3, 0x65, 3, 4]])
    }
}

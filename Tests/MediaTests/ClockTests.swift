// SPDX-License-Identifier: Apache-2.0
import Footage
import GStreamer
import Synchronization
import TestSupport
import Testing

@testable import Media

/// A wall clock that a test sets; it goes on as the machine's does.
private final class SettableClock: Sendable {
    private struct State {
        var off: Duration
        var isSynchronised: Bool
    }

    private let state: Mutex<State>

    init(off: Duration, isSynchronised: Bool) { state = Mutex(State(off: off, isSynchronised: isSynchronised)) }

    func set(off: Duration, isSynchronised: Bool = true) {
        state.withLock { $0 = State(off: off, isSynchronised: isSynchronised) }
    }

    var wallClock: WallClock {
        WallClock(boot: "this boot") { [self] in
            let (off, isSynchronised) = state.withLock { ($0.off, $0.isSynchronised) }
            var reading = WallClock.system.read()
            (reading.utc, reading.isSynchronised) = (reading.utc + off, isSynchronised)
            return reading
        }
    }
}

@Suite("Clock", .mainLoop, .timeLimit(.minutes(3)))
struct ClockTests {
    private static let year = Duration.seconds(365 * 86_400)

    /// Frames of a group of ten, the first a keyframe, one number after the other.
    private static func push(_ numbers: Range<Int>, to feed: Feed) {
        for number in numbers {
            let time = ClockTime(nanoseconds: 1_000_000_000) + .milliseconds(33 * number)
            feed.push(Sample.made(of: [UInt8(number)], presentation: time, isKeyframe: number % 10 == 0))
        }
    }

    @Test(
        "a clock that is set ends the run at the next keyframe, and the times before it stay",
        arguments: [year, .zero - year, .seconds(1), .seconds(-1), .seconds(3600)]
    )
    func step(by: Duration) throws {
        let clock = SettableClock(off: .zero, isSynchronised: true)
        let feed = Feed(camera: "door", origin: .mediaClock, wallClock: clock.wallClock)
        Self.push(0..<5, to: feed)
        let first = try #require(feed.run)
        let mapping = first.clock.mapping
        clock.set(off: by)
        Self.push(5..<10, to: feed)
        #expect(feed.run?.number == 1)
        Self.push(10..<20, to: feed)
        let second = try #require(feed.run)
        #expect(second.number == 2 && second.identity != first.identity)
        #expect(feed.ending(of: 1)?.reason == .clock)
        #expect(first.clock.mapping == mapping)
        let moved = Duration.nanoseconds(second.clock.mapping.offset - mapping.offset) - by
        #expect(max(moved, .zero - moved) < .milliseconds(50))
    }

    @Test("a clock that is slewed, or whose time service goes away, ends nothing")
    func noStep() {
        let clock = SettableClock(off: .zero, isSynchronised: true)
        let feed = Feed(camera: "door", origin: .mediaClock, wallClock: clock.wallClock)
        Self.push(0..<10, to: feed)
        clock.set(off: .milliseconds(2))
        Self.push(10..<20, to: feed)
        clock.set(off: .milliseconds(2), isSynchronised: false)
        Self.push(20..<30, to: feed)
        #expect(feed.run?.number == 1)
    }

    @Test("what a machine films before it knows the time gets its true time, and not a frame is lost")
    func synchronisation() async throws {
        let scratch = try ScratchDirectory()
        // As after a boot without a clock: it shows 1970, and then a time service sets it.
        let clock = SettableClock(off: UTCTime(nanoseconds: 60_000_000_000) - .now, isSynchronised: false)
        let feed = Feed(camera: "door", origin: .mediaClock, wallClock: clock.wallClock)
        let directory = RecordingDirectory(.init(directory: scratch.path), clock: clock.wallClock, journal: .silent)
        let library = PipelineLibrary(folders: ["\(Product.repository)/pipelines"])
        let recorder = Recorder(
            feed: feed,
            directory: directory,
            library: library,
            settings: .init(chunkDuration: .seconds(86_400))
        )
        let running = Task { await recorder.run() }
        let frames = try await encodedFrames(80, gop: 10)
        let start = ClockTime.now
        for (index, frame) in frames.enumerated() {
            if index == 45 { clock.set(off: .zero) }
            feed.push(Sample.made(of: frame, at: start + .milliseconds(33 * index)))
            if index == 40 { try await eventually { feed.count(of: .recorder) == 1 } }
        }
        try await eventually { feed.count(of: .recorder) == 1 }
        feed.finish()
        await running.value

        let index = try await directory.store().index
        let chunks = try await index.chunks()
        #expect(chunks.map(\.frames) == [50, 30])
        #expect(chunks[0].path.hasPrefix("door/1970-01-01/"), "a finished file keeps its name")
        let offset = WallClock.system.read().offset
        for chunk in chunks {
            let expected = UTCTime(nanoseconds: chunk.mediaTime) + offset
            let error = chunk.start - expected
            #expect(max(error, .zero - error) < .milliseconds(50), "\(chunk.path)")
        }
        let runs = try await [index.run(chunks[0].run), index.run(chunks[1].run)]
        #expect(runs.map { $0?.clock.state } == [.restamped, .synchronised])
        let gaps = try await index.gaps().filter { $0.end != nil }
        #expect(gaps == [], "nothing is missing")
        await directory.close()

        // From the files alone it is the same: they say which boot they are of.
        let anew = try await ChunkStore.open(.init(directory: scratch.path), anew: true, journal: .silent)
        // To what two readings of the clocks may differ by.
        for (one, other) in zip(try await anew.index.chunks(), chunks) {
            let difference = one.start - other.start
            #expect(max(difference, .zero - difference) < .milliseconds(1), "\(one) \(other)")
        }
        await anew.close()
    }
}

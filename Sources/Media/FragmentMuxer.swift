// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Footage
internal import GStreamer
internal import Glibc
internal import ISOBaseMedia
internal import Synchronization

/// Makes chunks of a run's frames: a fragment a quarter of a second, written in one piece from where the frames lie, and
/// another chunk at the first keyframe behind each boundary of the clock.
///
/// Frames are taken on the source's thread, and written on a queue: a disk that is slow lets them wait in memory.
final class FragmentMuxer: FeedConsumer, @unchecked Sendable {  // What is not `Mutex` or `Atomic` is the queue's.
    /// What it writes, and how.
    struct Plan: Sendable {
        let camera: String
        let run: Feed.Run
        let boot: String
        let description: SampleDescription
        let settings: Recorder.Settings
    }

    private let plan: Plan
    private let store: ChunkStore
    private let report: @Sendable (RecordingEvent) -> Void
    private let queue = DispatchQueue(label: "chunk-muxer", target: .chunks)
    private let waiting = Mutex(Waiting())
    /// Bytes that were taken and are not written.
    private let queued = Atomic<Int>(0)
    /// Bytes of frames that were written since the beginning.
    private let written = Atomic<Int>(0)
    private let closings = Mutex(Closings())
    /// The file that is written to, for who has it give up.
    private let openFile = Mutex<(file: ChunkFile?, isAbandoned: Bool)>((nil, false))

    /// Frames that came and that nobody has looked at.
    private struct Waiting: ~Copyable {
        var frames = SampleQueue()
        /// Of the first frame of the next fragment.
        var since: ClockTime?
        var isOver = false
    }

    private struct Closings {
        var count = 0
        var whenDone: (@Sendable () -> Void)?
    }

    /// What lies unwritten in memory costs a crash: so much, and what a source delivers at a time.
    private static let fragment = Duration.milliseconds(250)
    /// Written at once, however little time it is.
    private static let fragmentLimit = 4 << 20
    /// Of RTP for video (RFC 6184, 5.1), so that its times are told exactly.
    private static let timescale: UInt32 = 90_000

    // As the run began: what is learnt of the time later does not move cuts.
    private let clock: RunClock.Mapping
    private var sequence: Int
    private var open: OpenChunk?
    private var hasFailed = false
    /// The frame that came last: how long it lasts is known with the next.
    private var last = Fragment()
    /// In units of ``timescale``.
    private var lastDuration: UInt32 = 3000

    /// The chunk that is being written.
    private struct OpenChunk {
        let chunk: Chunk
        let file: ChunkFile
        var movie: PiecewiseFile
        /// Of its first frame: where its times begin.
        let origin: ClockTime
        /// The first keyframe at or behind this begins another.
        let boundary: UTCTime
        /// The beginning of the file, until it is written with the first fragment: a chunk that never gets one leaves nothing.
        var head: [UInt8]?
        /// Size of its last group of pictures, in bytes: the next may be as large.
        var group = 0
    }

    init(
        _ plan: Plan,
        store: ChunkStore,
        firstSequence: Int,
        report: @escaping @Sendable (RecordingEvent) -> Void
    ) {
        (self.plan, self.store, self.report) = (plan, store, report)
        (sequence, clock) = (firstSequence, plan.run.clock.mapping)
    }

    /// Bytes of frames that were written since the beginning.
    var writtenBytes: Int { written.load(ordering: .relaxed) }

    // MARK: Taking, on the source's thread

    var queuedBytes: Int { queued.load(ordering: .relaxed) }

    func push(_ sample: borrowing Sample) -> AppSource.PushResult {
        let time = sample.decodeTime ?? .now
        let (isTaken, isDue) = waiting.withLock { waiting in
            if waiting.isOver { return (false, false) }
            queued.add(sample.byteCount, ordering: .relaxed)
            waiting.frames.append(sample)
            let since = waiting.since ?? time
            let isDue = time - since >= Self.fragment || waiting.frames.byteCount >= Self.fragmentLimit
            waiting.since = isDue ? time : since
            return (true, isDue)
        }
        if isDue { queue.async { [self] in writeWaiting() } }
        return isTaken ? .accepted : .closed
    }

    func endOfStream() {
        waiting.withLock { $0.isOver = true }
        queue.async { [self] in
            writeWaiting()
            finishChunk()
            if !hasFailed { report(.endOfStream) }
        }
    }

    // MARK: Ending

    /// Calls `done` when every chunk is closed; what still waits is not written.
    func end(_ done: @escaping @Sendable () -> Void) {
        waiting.withLock { $0.isOver = true }
        openFile.withLock { $0.file }?.interrupt(true)
        queue.async { [self] in
            hasFailed = true
            if let open { close(open, complete: false) }
            let isDone = closings.withLock { closings in
                closings.whenDone = done
                return closings.count == 0
            }
            if isDone { done() }
        }
    }

    /// Gives up: what waits is dropped, and nothing is written any more once the disk lets go.
    ///
    /// `done` is called when every chunk is closed, which may be never.
    func abandon(_ done: @escaping @Sendable () -> Void) {
        waiting.withLock { waiting in
            waiting.isOver = true
            waiting.frames.removeAll()
        }
        openFile.withLock { $0.isAbandoned = true }
        end(done)
    }

    private func mustGoOn() throws(FileError) {
        guard openFile.withLock({ $0.isAbandoned }) else { return }
        throw FileError("write for", plan.camera, code: ECANCELED, words: "the recording was given up")
    }

    // MARK: Writing, on the queue

    /// The frames of one fragment, where they lie in memory.
    private struct Fragment: ~Copyable {
        var frames = SampleQueue()
        var samples: [MediaSample] = []
    }

    private func writeWaiting() {
        var frames = SampleQueue()
        waiting.withLock { waiting in swap(&waiting.frames, &frames) }
        let bytes = frames.byteCount
        defer { queued.subtract(bytes, ordering: .relaxed) }
        if hasFailed { return }
        do throws(FileError) {
            var fragment = Fragment()
            try frames.withEach { (_, frame) throws(FileError) in try take(frame, &fragment) }
            try write(&fragment)
        } catch { fail(error) }
    }

    private func take(_ frame: borrowing Sample, _ fragment: inout Fragment) throws(FileError) {
        guard let decode = frame.decodeTime, let presentation = frame.presentationTime else { return }
        if let open { complete(until: ticks(decode, since: open.origin), &fragment) }
        if frame.isKeyframe, open.map({ mustEnd($0, before: presentation) }) ?? false {
            try write(&fragment)
            try endChunk()
        }
        if open == nil { open = try begin(with: presentation, decode) }
        guard let origin = open?.origin else { return }
        let time = ticks(decode, since: origin)
        if frame.isKeyframe { open?.group = 0 }
        open?.group += frame.byteCount
        last.frames.append(frame)
        last.samples.append(
            MediaSample(
                offset: 0,
                size: UInt32(clamping: frame.byteCount),
                decodeTime: UInt64(max(time, 0)),
                duration: 0,
                compositionOffset: Int32(clamping: ticks(presentation, since: origin) - time),
                isSync: frame.isKeyframe
            )
        )
    }

    private func ticks(_ time: ClockTime, since origin: ClockTime) -> Int64 {
        let nanoseconds = (time - origin).wholeNanoseconds
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return seconds * Int64(Self.timescale) + (rest * Int64(Self.timescale) + 500_000_000) / 1_000_000_000
    }

    /// The last frame lasts until a time, or as long as the one before it, and goes into the fragment.
    private func complete(until time: Int64?, _ fragment: inout Fragment) {
        guard var sample = last.samples.popLast() else { return }
        if let time { lastDuration = UInt32(clamping: time - Int64(sample.decodeTime)) }
        sample.duration = lastDuration
        var frames = SampleQueue()
        swap(&frames, &last.frames)
        fragment.frames.append(contentsOf: frames)
        fragment.samples.append(sample)
    }

    private func mustEnd(_ open: OpenChunk, before keyframe: ClockTime) -> Bool {
        if clock.wallTime(of: keyframe) >= open.boundary { return true }
        guard let limit = plan.settings.chunkSize else { return false }
        return Int64(open.movie.length) + Int64(open.group) > limit
    }

    private func begin(with presentation: ClockTime, _ decode: ClockTime) throws(FileError) -> OpenChunk {
        let start = plan.run.clock.mapping.wallTime(of: presentation)
        let (chunk, file) = try store.create(
            plan.camera,
            start: start,
            mediaTime: Int64(bitPattern: presentation.nanoseconds),
            sequence: sequence
        )
        sequence += 1
        openFile.withLock { $0.file = file }
        var new = OpenChunk(
            chunk: chunk,
            file: file,
            movie: PiecewiseFile(plan.description, timescale: Self.timescale, created: start.nanoseconds),
            origin: decode,
            boundary: clock.wallTime(of: presentation).nextBoundary(every: plan.settings.chunkDuration)
        )
        new.head = new.movie.head()
        return new
    }

    private func write(_ fragment: inout Fragment) throws(FileError) {
        guard !fragment.samples.isEmpty, let file = open?.file else { return }
        // Another disk is in the directory's place, or the index is made anew.
        if store.isLost {
            throw FileError("record into", store.directory, code: ENODEV, words: "it has to be opened again")
        }
        try mustGoOn()
        let beginning = open?.head
        let head = (beginning ?? []) + (open?.movie.fragment(of: fragment.samples) ?? [])
        try head.withUnsafeBytes { head in
            Result { () throws(FileError) in
                try fragment.frames.withBytes { (pieces) throws(FileError) in try file.append([head] + pieces) }
            }
        }.get()
        written.add(fragment.frames.byteCount, ordering: .relaxed)
        fragment = Fragment()
        // Not before the disk has taken something: a full one is no recording that goes on.
        if beginning != nil, let chunk = open?.chunk {
            open?.head = nil
            report(.opened(chunk))
        }
    }

    /// The last chunk of the run.
    private func finishChunk() {
        if hasFailed { return }
        do throws(FileError) {
            var fragment = Fragment()
            complete(until: nil, &fragment)
            try write(&fragment)
            try endChunk()
        } catch { fail(error) }
    }

    /// The final index, and what makes it the only one: see `PiecewiseFile`.
    private func endChunk() throws(FileError) {
        guard let open else { return }
        try mustGoOn()
        let end: (appended: [UInt8], patch: Patch)
        do throws(MovieWriter.Refused) { end = try open.movie.end() } catch {
            throw FileError("make an index for", open.file.openPath, code: EILSEQ, words: "\(error)")
        }
        try write(end.appended, at: open.movie.length, to: open.file)
        try write(end.patch.bytes, at: end.patch.offset, to: open.file)
        close(open, complete: true)
    }

    private func write(_ bytes: [UInt8], at offset: UInt64, to file: ChunkFile) throws(FileError) {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(FileError) in try file.write(bytes, at: offset) }
        }.get()
    }

    private func close(_ open: OpenChunk, complete: Bool) {
        self.open = nil
        openFile.withLock { $0.file = nil }
        closings.withLock { $0.count += 1 }
        open.file.close(
            complete: complete,
            metadata: { [plan, store] in
                let run = Footage.Run(plan.run, camera: plan.camera, boot: plan.boot)
                return ChunkMetadata(of: open.chunk, run: run, store: store.identity).box
            },
            done: { [self] outcome in
                report(.closed(open.chunk, outcome))
                let done = closings.withLock { closings in
                    closings.count -= 1
                    return closings.count == 0 ? closings.whenDone : nil
                }
                done?()
            }
        )
    }

    private func fail(_ error: FileError) {
        hasFailed = true
        waiting.withLock { $0.isOver = true }
        if let open { close(open, complete: false) }
        report(.fault("\(error)"))
    }
}

extension SampleDescription {
    /// What a feed's frames are, from their format; `nil` for one that MP4 has other boxes for.
    init?(_ format: Caps) {
        let codecs: [String: FourCC] = ["video/x-h264": "avc1", "video/x-h265": "hvc1"]
        let formats = ["avc", "hvc1"]
        guard let codec = codecs[format.mediaType], let configuration = format.bytes("codec_data"),
            let streamFormat = format.string("stream-format"), formats.contains(streamFormat),
            let width = format.int("width"), let height = format.int("height")
        else { return nil }
        let aspect = format.fraction("pixel-aspect-ratio") ?? (1, 1)
        do throws(Malformed) {
            try self.init(
                codec: codec,
                width: width,
                height: height,
                configuration: configuration,
                pixelAspect: (UInt32(clamping: aspect.numerator), UInt32(clamping: aspect.denominator))
            )
        } catch { return nil }
    }
}

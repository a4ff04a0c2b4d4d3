// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GStreamer
internal import Synchronization

/// Takes what the muxer writes into chunk files: stands behind the last element of a recorder's pipeline.
///
/// Its calls come from that pipeline's streaming thread. That a chunk is complete is this class's word alone.
final class ChunkSink: ByteSinkTarget {
    private let store: ChunkStore
    private let camera: String
    private let run: Feed.Run
    private let boot: String
    /// Called on the streaming thread when a chunk's first bytes are written.
    private let began: @Sendable (Chunk) -> Void
    private let report: @Sendable (RecordingEvent) -> Void
    private let state: Mutex<State>

    private struct State {
        /// Media time of the next chunk's first frame.
        var next: ClockTime?
        var file: ChunkFile?
        var chunk: Chunk?
        var sequence: Int
        var isNew = false
    }

    init(
        store: ChunkStore,
        camera: String,
        run: Feed.Run,
        boot: String,
        firstSequence: Int,
        began: @escaping @Sendable (Chunk) -> Void,
        report: @escaping @Sendable (RecordingEvent) -> Void
    ) {
        (self.store, self.camera, self.run, self.boot) = (store, camera, run, boot)
        (self.began, self.report) = (began, report)
        state = Mutex(State(sequence: firstSequence))
    }

    /// The next chunk begins with a frame of this time; returns a name for splitmuxsink, which wants one.
    func nameChunk(beginningAt time: ClockTime) -> String {
        state.withLock { $0.next = time }
        return "\(camera)_\(run.clock.mapping.wallTime(of: time).fileName).mp4"
    }

    func open(_ location: String) throws(ByteSinkRefusal) {
        let (next, sequence) = state.withLock { ($0.next, $0.sequence) }
        guard let next else {
            throw ByteSinkRefusal(text: "a chunk was begun without a frame", detail: location)
        }
        let created: (chunk: Chunk, file: ChunkFile)
        do throws(FileError) {
            created = try store.create(
                camera,
                start: run.clock.mapping.wallTime(of: next),
                mediaTime: Int64(bitPattern: next.nanoseconds),
                sequence: sequence
            )
        } catch {
            throw ByteSinkRefusal(text: error.description, detail: "")
        }
        state.withLock { state in
            (state.file, state.chunk) = (created.file, created.chunk)
            state.next = nil
            state.sequence += 1
            state.isNew = true
        }
        report(.opened(created.chunk))
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ByteSinkRefusal) {
        let (file, begun) = state.withLock { state in
            defer { state.isNew = false }
            return (state.file, state.isNew ? state.chunk : nil)
        }
        guard let file else { throw ByteSinkRefusal(text: "bytes came for no chunk", detail: "") }
        // Another disk is in the directory's place, or the index is made anew.
        if store.isLost { throw ByteSinkRefusal(text: "\(store.directory) has to be opened again", detail: "") }
        if let begun { began(begun) }
        do throws(FileError) { try file.write(bytes, at: offset) } catch {
            throw ByteSinkRefusal(text: error.description, detail: "")
        }
    }

    func close(complete: Bool) {
        let (file, chunk) = state.withLock { state in
            defer { (state.file, state.chunk) = (nil, nil) }
            return (state.file, state.chunk)
        }
        guard let file, let chunk else { return }
        file.close(
            complete: complete,
            metadata: { [run, boot, camera, store] in
                let run = Footage.Run(run, camera: camera, boot: boot)
                return ChunkMetadata(of: chunk, run: run, store: store.identity).box
            },
            done: { [report] outcome in report(.closed(chunk, outcome)) }
        )
    }

    func interrupt(_ interrupted: Bool) { state.withLock { $0.file }?.interrupt(interrupted) }
}

extension Footage.Run {
    /// A feed's run as the index and the chunks have it, with its clock as it stands.
    init(_ run: Feed.Run, camera: String, boot: String) {
        self.init(identity: run.identity, camera: camera, boot: boot, clock: run.clock.mapping)
    }
}

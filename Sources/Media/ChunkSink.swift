// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GStreamer
internal import Synchronization

/// Takes what the muxer writes into chunk files: stands behind the last element of a recorder's pipeline.
///
/// Its calls come from that pipeline's streaming thread. That a chunk is complete is this class's word alone.
final class ChunkSink: ByteSinkTarget {
    enum Event: Sendable {
        case opened(ChunkName, path: String)
        case closed(ChunkFile.Outcome, sequence: Int)
    }

    private let store: ChunkStore
    private let camera: String
    private let clock: MediaClock
    /// Called on the streaming thread when a chunk's first bytes are written.
    private let began: @Sendable (ChunkName) -> Void
    private let report: @Sendable (Event) -> Void
    private let state = Mutex(State())

    private struct State {
        var next: ChunkName?
        var file: ChunkFile?
        var sequence = -1
        var isNew = false
    }

    init(
        store: ChunkStore,
        camera: String,
        clock: MediaClock,
        began: @escaping @Sendable (ChunkName) -> Void,
        report: @escaping @Sendable (Event) -> Void
    ) {
        (self.store, self.camera, self.clock) = (store, camera, clock)
        (self.began, self.report) = (began, report)
    }

    /// Names the next chunk after its first frame and returns where it will lie.
    func nameChunk(beginningAt time: ClockTime) -> String {
        let name = ChunkName(camera: camera, start: clock.wallTime(of: time))
        state.withLock { $0.next = name }
        return "\(store.directory)/\(name.path)"
    }

    func open(_ location: String) throws(ByteSinkRefusal) {
        guard let name = state.withLock({ $0.next }) else {
            throw ByteSinkRefusal(text: "a chunk was begun without a frame", detail: location)
        }
        let file: ChunkFile
        do throws(FileError) { file = try store.create(name) } catch {
            throw ByteSinkRefusal(text: error.description, detail: "")
        }
        state.withLock { state in
            state.file = file
            state.next = nil
            state.sequence += 1
            state.isNew = true
        }
        report(.opened(name, path: file.openPath))
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ByteSinkRefusal) {
        let (file, isNew) = state.withLock { state in
            defer { state.isNew = false }
            return (state.file, state.isNew)
        }
        guard let file else { throw ByteSinkRefusal(text: "bytes came for no chunk", detail: "") }
        if isNew { began(file.name) }
        do throws(FileError) { try file.write(bytes, at: offset) } catch {
            throw ByteSinkRefusal(text: error.description, detail: "")
        }
    }

    func close(complete: Bool) {
        let (file, sequence) = state.withLock { state in
            defer { state.file = nil }
            return (state.file, state.sequence)
        }
        file?.close(complete: complete) { [report] outcome in report(.closed(outcome, sequence: sequence)) }
    }

    /// Writing waits for nothing but the disk itself, which cannot be interrupted.
    func interrupt(_ interrupted: Bool) {}
}

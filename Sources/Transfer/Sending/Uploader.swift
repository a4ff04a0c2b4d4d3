// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Footage
internal import GLib
internal import Glibc
internal import Synchronization

/// Brings finished chunks to one destination, one after the other, for as long as it takes.
///
/// What is still to be brought is in the store's index. libcurl works on a queue of its own: neither the main loop nor
/// Swift's pool ever waits for a network.
final class Uploader: Sendable {
    let destination: Destination
    private let directory: @MainLoop @Sendable () -> RecordingDirectory
    private let stopper = Stopper()
    private let current: Mutex<UploadStatus>
    /// How many chunks had been deleted unsent when it was last asked.
    private let deleted = Mutex<Int?>(nil)
    private let queue = DispatchQueue(label: "upload", qos: .utility)
    private let calls: AsyncStream<Void>
    private let caller: AsyncStream<Void>.Continuation

    /// Nobody tells of a directory that is opened again, or of a chunk whose file is back.
    private static let interval = Duration.seconds(10)

    init(_ destination: Destination, directory: @escaping @MainLoop @Sendable () -> RecordingDirectory) {
        (self.destination, self.directory) = (destination, directory)
        current = Mutex(UploadStatus(url: destination.url))
        (calls, caller) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    var status: UploadStatus { current.withLock { $0 } }

    /// ``run()`` returns within a second: what is being sent is broken off, and continued by the next that runs.
    func stop() {
        stopper.stop()
        caller.finish()
    }

    func run() async {
        let ticking = Task { [caller] in
            while !Task.isCancelled {
                caller.yield()
                do { try await Task.sleep(for: Self.interval) } catch { return }
            }
        }
        defer { ticking.cancel() }
        var backoff = Backoff()
        var notBefore = ContinuousClock.now
        var listened: ChunkStore?
        for await _ in calls {
            guard !stopper.isStopped, .now >= notBefore else { continue }
            guard let store = await directory().open, !store.isLost else { continue }
            if listened !== store {
                listened = store
                store.onFinished { [caller] in caller.yield() }
            }
            do {
                try await bringAll(of: store, &backoff)
            } catch {
                guard !stopper.isStopped else { break }
                let delay = backoff.fail()
                fail("\(error)", delay)
                notBefore = .now + delay
                Task { [caller] in
                    // A sleep that is cut short only asks too early.
                    try? await Task.sleep(for: delay)
                    caller.yield()
                }
            }
        }
    }

    private func fail(_ cause: String, _ delay: Duration) {
        let isNew = current.withLock { status in
            defer {
                (status.lastFault, status.state, status.chunk) = ((cause, .now), .backingOff, nil)
                status.isWell = false
            }
            return status.isWell || status.lastFault?.cause != cause
        }
        if isNew {
            Log.warning("chunks are not uploaded: \(cause); trying again, next in \(delay.components.seconds) s")
        }
    }

    private func bringAll(of store: ChunkStore, _ backoff: inout Backoff) async throws {
        let target = try await store.index.addUploadTarget(destination.url)
        var session: Session?
        var mustBeginAnew = false
        while !stopper.isStopped, !store.isLost {
            let waiting = try await store.index.uploadQueue(of: target)
            tellDeleted(waiting.deleted)
            let next = try await store.index.nextUpload(to: target)
            current.withLock { status in
                (status.queue, status.chunk) = (waiting, next?.path)
                status.state = next == nil ? .idle : .sending
            }
            guard let chunk = next else { return }
            let connection: Session
            if let session { connection = session } else { connection = try Session(destination, stopper) }
            session = connection
            do {
                let isSent = try await bring(chunk, of: store, over: connection, anew: mustBeginAnew)
                mustBeginAnew = false
                try await store.index.uploaded(chunk.id, to: target)
                backoff.succeed()
                let wasWell = current.withLock { status in
                    defer { (status.isWell, status.lastSuccess) = (true, .now) }
                    status.sent += isSent ? 1 : 0
                    return status.isWell
                }
                if !wasWell { Log.notice("chunks are uploaded again: \(destination.url)") }
            } catch let failure as TransferFailure where failure.mustBeginAnew && !mustBeginAnew {
                // Not every server lets a file be continued.
                mustBeginAnew = true
            }
        }
    }

    /// Only what has come since this process started is news.
    private func tellDeleted(_ deleted: Int) {
        let before = self.deleted.withLock { known in
            defer { known = deleted }
            return known ?? deleted
        }
        let more = deleted - before
        guard more > 0 else { return }
        Log.warning("\(more) chunk\(more == 1 ? " was" : "s were") deleted before being uploaded to \(destination.url)")
    }

    /// Returns whether it was sent, which it need not be if it is there, or is gone here.
    private func bring(
        _ chunk: Chunk,
        of store: ChunkStore,
        over session: Session,
        anew: Bool
    ) async throws -> Bool {
        // Used by this queue alone until the answer has come.
        nonisolated(unsafe) let session = session
        let path = "\(store.directory)/\(chunk.path)"
        let begun = ContinuousClock.now
        let isSent = try await withCheckedThrowingContinuation { (done: CheckedContinuation<Bool, any Error>) in
            queue.async { [destination, stopper] in
                done.resume(
                    with: Result {
                        try Self.send(path, chunk, to: destination, over: session, anew: anew, stopper)
                    }
                )
            }
        }
        if isSent {
            let seconds = (ContinuousClock.now - begun) / .seconds(1)
            let tenths = Int(seconds * 10)
            Log.info(
                "chunk \(chunk.path) is uploaded: \(chunk.bytes) bytes in \(tenths / 10).\(tenths % 10) s",
                camera: chunk.camera
            )
        }
        return isSent
    }

    /// Blocks.
    private static func send(
        _ path: String,
        _ chunk: Chunk,
        to destination: Destination,
        over session: Session,
        anew: Bool,
        _ stopper: Stopper
    ) throws -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            guard errno == ENOENT else { throw FileError("open the chunk", path) }
            Log.warning("chunk \(chunk.path) has gone before it was uploaded", camera: chunk.camera)
            return false
        }
        // Deleted meanwhile, it stays until it is sent.
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw FileError("look at the chunk", path) }
        let size = Int64(status.st_size)
        let place = destination.place(of: chunk.path)
        // What `sha256sum --check` reads.
        let digest =
            try chunk.digest
            ?? FileDigest.sha256(ofDescriptor: file, path) { _ in
                if stopper.isStopped { throw TransferFailure("it was stopped", isStopped: true) }
            }
        let list = "\(digest.hexadecimal)  \(place.name)\n"
        if destination.isPlain {
            try session.send(list, to: place.digest)
            try session.send(file, size: size, to: place, from: 0)
            return true
        }
        let present = try session.look(at: place, expecting: size)
        // Its last step had been done, and was not noted.
        if present == .same { return false }
        var part = try session.look(at: place.part, expecting: size)
        if part == .longer || (anew && part != .nothing) {
            try session.remove(place.part)
            part = .nothing
        }
        switch part {
        case .same: break
        case .nothing, .longer: try session.send(file, size: size, to: place.part, from: 0)
        case .shorter(let offset): try session.send(file, size: size, to: place.part, from: offset)
        }
        guard try session.look(at: place.part, expecting: size) == .same else {
            throw TransferFailure(
                "\(place.part.name) has another size there than the \(size) bytes that were sent (\(destination.url))",
                mustBeginAnew: true
            )
        }
        // First, so that it is there when the file has its name.
        try session.send(list, to: place.digest)
        try session.rename(place.part, to: place, replacing: present != .nothing)
        return true
    }
}

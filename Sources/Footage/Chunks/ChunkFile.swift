// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Dispatch
internal import Glibc
package import ISOBaseMedia
internal import Synchronization

/// One chunk while it is being written, and its durable end.
///
/// The file is written under a name ending in `.open.mp4`, opened exclusively, one `write` a fragment: a fragment is worth
/// a write once the index that describes it is there. The muxer's output is fragmented MP4 until it finalises; then it
/// breaks the early index, widens the media box over everything and appends one index. Between those steps nothing could
/// be played, so what lies before the first index is patched only after the final index is on the disk.
///
/// While it grows, what was written is synced every `sync-interval`, off the writing thread: a power cut costs no more.
///
/// A complete chunk is closed in this order, on a queue of its own, so that a slow disk delays nobody:
/// 1. the last bytes, with the final `moov`, are written;
/// 2. `fdatasync`: the final index is durable before anything that the old one needs is touched;
/// 3. the patches that were held back are written: the file is an ordinary MP4 now;
/// 4. the metadata box is appended: the file says what it is;
/// 5. `fsync`: the whole file is durable before its name promises so;
/// 6. it is renamed to its final name, never over another file;
/// 7. `fsync` of the folder: the name is durable before anybody is told.
/// A chunk that was not completed keeps its `.open.mp4` name, cut back to the last fragment that plays.
///
/// Every byte is charged to the directory's ``Space`` before it is written, with the room that finishing will take.
package final class ChunkFile: @unchecked Sendable {
    // The writing thread's until close(), then the queue's: the hand-over is the queue's `async`.

    /// What became of a file once it is as durable as it will be.
    package struct Outcome: Sendable {
        package let name: ChunkName
        /// Whether the file has its final name and holds all that was written; otherwise why not.
        package let failure: FileError?
        package let isComplete: Bool
        /// Whether nothing of it could be kept, and its file is gone.
        package let isDiscarded: Bool
        /// Size of the file; of one that is not complete, as far as it is to be relied on.
        package let bytes: Int64
        /// What it takes on the disk, in bytes.
        package let allocated: Int64
        /// What its index says; `nil` when it is not complete.
        package let movie: Movie?
    }

    package let name: ChunkName
    /// The path while it is written.
    package let openPath: String
    private let path: String
    private let folder: Int32
    private let file: Int32
    private let queue = DispatchQueue(label: "chunk-close", target: .chunks)
    private let id: Int64
    private let space: Space
    private let syncInterval: Duration

    private let isInterrupted = Atomic<Bool>(false)
    /// A sync will be made of what was written last.
    private let isSyncScheduled = Atomic<Bool>(false)
    private let syncFailure = Mutex<FileError?>(nil)
    /// What plays of what was written.
    private let playable = Atomic<UInt64>(0)
    // The queue's own.
    /// What plays of what is surely on the disk.
    private var synced: UInt64 = 0
    private var isNameDurable = false
    private var isClosed = false
    private var isDiscarded = false

    private var scanner = BoxScanner()
    private var tail: [UInt8] = []
    private var tailStart: UInt64 = 0
    private var written: UInt64 = 0
    private var heldPatches: [(offset: UInt64, bytes: [UInt8])] = []
    private var failure: FileError?

    private static let syncing = "sync"

    /// More than a fragment ever has: written even without an index, so that memory stays bounded.
    private static let tailLimit = 16 << 20

    /// What a final index and the metadata take beside what each frame takes in an index.
    private static let endSize: Int64 = 64 << 10

    /// Creates the file in its folder below `directory`, which both must exist.
    ///
    /// `id` is the chunk's number in the books of `space`; what was written is synced every `syncInterval`.
    ///
    /// - Throws: ``FileError`` if there is no room, if the folder is missing, or if the file is there already, under
    ///   either name.
    package init(
        _ name: ChunkName,
        in directory: String,
        id: Int64,
        space: Space,
        syncInterval: Duration
    ) throws(FileError) {
        (self.name, self.id, self.space, self.syncInterval) = (name, id, space, syncInterval)
        path = "\(directory)/\(name.path)"
        openPath = "\(directory)/\(name.folder)/\(name.openFile)"
        let folderPath = "\(directory)/\(name.folder)"
        folder = open(folderPath, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw FileError("open the folder", folderPath) }
        guard access(path, F_OK) != 0 else {
            Glibc.close(folder)
            throw FileError("create the chunk", path, code: EEXIST)
        }
        file = open(openPath, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o640)
        guard file >= 0 else {
            let error = FileError("create the chunk", openPath)
            Glibc.close(folder)
            throw error
        }
    }

    /// A writer that waits for room gives up, until called with `false`; on any thread.
    package func interrupt(_ interrupted: Bool) {
        isInterrupted.store(interrupted, ordering: .relaxed)
        if interrupted { space.wake() }
    }

    private var end: UInt64 { tailStart + UInt64(tail.count) }

    /// Takes bytes for an offset: appended, or patched into what is there.
    package func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
        if let failure = failure ?? syncFailure.withLock({ $0 }) { throw failure }
        do throws(FileError) { try accept(bytes, at: offset) } catch {
            failure = error
            throw error
        }
    }

    private func accept(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
        if offset == end {
            var isWorthWriting = tail.count + bytes.count > Self.tailLimit
            do throws(BoxHeader.Malformed) { isWorthWriting = try scanner.append(bytes) || isWorthWriting } catch {
                throw FileError("understand the muxer's output in", openPath, code: EILSEQ)
            }
            tail.append(contentsOf: bytes)
            if isWorthWriting { try flush() }
            return
        }
        guard offset + UInt64(bytes.count) <= end else {
            throw FileError("write beyond the end of", openPath, code: EINVAL)
        }
        scanner.patched()
        // What was written and what still waits lie side by side: a patch over both finds it all in the file.
        if offset < tailStart, offset + UInt64(bytes.count) > tailStart { try flush() }
        if offset >= tailStart {
            for (index, byte) in bytes.enumerated() { tail[Int(offset - tailStart) + index] = byte }
        } else if offset < scanner.firstIndexEnd {
            heldPatches.append((offset, Array(bytes)))
        } else {
            try writeOut(bytes, at: offset)
        }
    }

    /// Appends pieces that lie about in memory and are whole boxes together, in one write.
    ///
    /// What they hold is as good as on its way: it plays up to their end.
    package func append(_ pieces: [UnsafeRawBufferPointer]) throws(FileError) {
        if let failure = failure ?? syncFailure.withLock({ $0 }) { throw failure }
        do throws(FileError) {
            try flush()
            for piece in pieces {
                do throws(BoxHeader.Malformed) { _ = try scanner.append(piece) } catch {
                    throw FileError("understand what is to be written to", openPath, code: EILSEQ)
                }
            }
            let size = pieces.reduce(0) { $0 + UInt64($1.count) }
            try charge(to: end + size)
            try writeOut(pieces, at: end)
            tailStart += size
            settle()
            scheduleSync()
            written = end
            playable.store(written, ordering: .relaxed)
        } catch {
            failure = error
            throw error
        }
    }

    private func flush() throws(FileError) {
        if tail.isEmpty { return }
        try charge(to: end)
        try writeOut(tail, at: tailStart)
        settle()
        scheduleSync()
        tailStart += UInt64(tail.count)
        tail.removeAll(keepingCapacity: true)
        written = scanner.playableEnd
        playable.store(written, ordering: .relaxed)
    }

    private func writeOut(_ bytes: [UInt8], at offset: UInt64) throws(FileError) {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(FileError) in try writeOut(bytes, at: offset) }
        }.get()
    }

    private func writeOut(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileError) {
        try writeOut([bytes], at: offset)
    }

    private func writeOut(_ pieces: [UnsafeRawBufferPointer], at offset: UInt64) throws(FileError) {
        // The kernel takes no more at a time (`IOV_MAX`).
        let limit = 1024
        var rest = pieces.filter { !$0.isEmpty }[...]
        var offset = offset
        var deadline: Space.Deadline?
        while !rest.isEmpty {
            let count: Int
            if rest.count == 1, let only = rest.first {
                count = pwrite(file, only.baseAddress, only.count, off_t(offset))
            } else {
                let part = rest.prefix(limit)
                let vectors = part.map { iovec(iov_base: .init(mutating: $0.baseAddress), iov_len: $0.count) }
                count = pwritev(file, vectors, Int32(vectors.count), off_t(offset))
            }
            if count < 0, errno == EINTR { continue }
            if count <= 0, count == 0 || errno == ENOSPC {
                // Somebody else filled the disk: an old chunk goes, or they make room again.
                let until = deadline ?? space.deadline()
                deadline = until
                try space.waitForRoom(
                    name.camera,
                    until: until,
                    isInterrupted: { isInterrupted.load(ordering: .relaxed) }
                )
                continue
            }
            guard count > 0 else { throw FileError("write", openPath) }
            offset += UInt64(count)
            var done = count
            while let first = rest.first, done > 0 {
                if done >= first.count {
                    done -= first.count
                    rest.removeFirst()
                } else {
                    rest[rest.startIndex] = UnsafeRawBufferPointer(rebasing: first[done...])
                    done = 0
                }
            }
        }
    }

    /// The room for a file of `size` bytes, and for what finishing it will add.
    private func charge(to size: UInt64) throws(FileError) {
        let blocks = Int64(size + 4095) & ~4095
        // A final index lists each frame as the fragments' indices do, with less around it.
        let bytes = blocks + Self.endSize + Int64(scanner.indexBytes)
        try space.charge(id, of: name.camera, to: bytes, isInterrupted: { isInterrupted.load(ordering: .relaxed) })
    }

    private func settle() {
        let allocated = allocated
        space.update { $0.settle(id, allocated: allocated) }
    }

    /// What the file takes on the disk, in bytes.
    private var allocated: Int64 {
        var status = stat()
        return fstat(file, &status) == 0 ? Int64(status.st_blocks) * 512 : 0
    }

    // MARK: Syncing

    private func scheduleSync() {
        guard !isSyncScheduled.exchange(true, ordering: .relaxed) else { return }
        queue.asyncAfter(deadline: .now() + syncInterval / .seconds(1)) { [self] in
            guard !isClosed else { return }
            isSyncScheduled.store(false, ordering: .relaxed)
            do throws(FileError) { try sync() } catch {
                // What the disk did not take is gone from memory as well: the recording must not go on as if it were there.
                syncFailure.withLock { $0 = error }
            }
        }
    }

    private func sync() throws(FileError) {
        let end = playable.load(ordering: .relaxed)
        try check(fdatasync(file), Self.syncing, openPath)
        synced = end
        if isNameDurable { return }
        try check(fsync(folder), "sync the folder of", openPath)
        isNameDurable = true
    }

    /// Ends the file, and tells `done` on the file's queue when it is durable.
    ///
    /// `metadata` is asked when the chunk is known to be whole, and goes into its last box. Never waits; called once.
    package func close(
        complete: Bool,
        metadata: @escaping @Sendable () -> [UInt8],
        done: @escaping @Sendable (Outcome) -> Void
    ) {
        queue.async { [self] in
            isClosed = true
            defer { closeDescriptors() }
            if let failed = syncFailure.withLock({ $0 }) {
                failure = failure ?? failed
                // After a sync that failed the kernel takes its pages for written, which no later sync puts right.
                written = min(written, synced)
            }
            if !complete || failure != nil || end == 0 {
                cutBack()
                done(outcome(isComplete: false, movie: nil))
                return
            }
            let movie: Movie
            do throws(FileError) {
                movie = try writeEnd()
            } catch {
                // Nothing that plays was touched yet; but what a sync that failed was about is not to be relied on.
                failure = error
                if error.operation == Self.syncing { written = min(written, synced) }
                cutBack()
                done(outcome(isComplete: false, movie: nil))
                return
            }
            do throws(FileError) {
                try finalise(appending: metadata())
                done(outcome(isComplete: true, movie: movie))
            } catch {
                failure = error
                written = end
                done(outcome(isComplete: false, movie: nil))
            }
        }
    }

    /// Steps 1 and 2; an index that cannot be read is found before the file depends on it.
    private func writeEnd() throws(FileError) -> Movie {
        try flush()
        let movie = try readMovie()
        try check(fdatasync(file), Self.syncing, openPath)
        return movie
    }

    /// Steps 3 to 7: from here on the file plays by its final index.
    private func finalise(appending metadata: [UInt8]) throws(FileError) {
        for patch in heldPatches { try writeOut(patch.bytes, at: patch.offset) }
        try writeOut(metadata, at: tailStart)
        tailStart += UInt64(metadata.count)
        // Of a sync that fails the kernel forgets what it was about: written again, it is about it again.
        do throws(FileError) { try check(fsync(file), Self.syncing, openPath) } catch {
            for patch in heldPatches { try writeOut(patch.bytes, at: patch.offset) }
            try writeOut(metadata, at: tailStart - UInt64(metadata.count))
            try check(fsync(file), Self.syncing, openPath)
        }
        try rename()
        try check(fsync(folder), "sync the folder of", path)
    }

    private func rename() throws(FileError) {
        if renameat2(folder, name.openFile, folder, name.file, MARTLET_RENAME_NOREPLACE) == 0 { return }
        // Some network and user-space file systems know no such flag: a second name is refused as well if it is taken.
        guard errno == EINVAL else { throw FileError("rename \(openPath) to", path) }
        try check(linkat(folder, name.openFile, folder, name.file, 0), "rename \(openPath) to", path)
        try check(unlinkat(folder, name.openFile, 0), "remove the old name", openPath)
    }

    /// Keeps what plays; the first thing that went wrong is what is told.
    private func cutBack() {
        do throws(FileError) {
            guard written > 0 else {
                let isGone = unlinkat(folder, name.openFile, 0) == 0 || errno == ENOENT
                guard isGone else { throw FileError("remove the empty", openPath) }
                isDiscarded = true
                return
            }
            try check(ftruncate(file, off_t(written)), "cut back", openPath)
            try check(fsync(file), Self.syncing, openPath)
        } catch {
            failure = failure ?? error
        }
    }

    private func readMovie() throws(FileError) -> Movie {
        guard let range = scanner.movie else { throw FileError("find the index of", openPath, code: ENODATA) }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 8)
        defer { bytes.deallocate() }
        guard pread(file, bytes.baseAddress, bytes.count, off_t(range.lowerBound)) == bytes.count else {
            throw FileError("read the index of", openPath)
        }
        do throws(Movie.Malformed) { return try Movie(UnsafeRawBufferPointer(bytes)) } catch {
            throw FileError("understand the index of", openPath, code: EILSEQ)
        }
    }

    private func outcome(isComplete: Bool, movie: Movie?) -> Outcome {
        Outcome(
            name: name,
            failure: failure,
            isComplete: isComplete,
            isDiscarded: isDiscarded,
            bytes: Int64(isComplete ? end : written),
            allocated: allocated,
            movie: movie
        )
    }

    private func closeDescriptors() {
        Glibc.close(file)
        Glibc.close(folder)
    }

    private func check(_ result: Int32, _ operation: String, _ path: String) throws(FileError) {
        if result != 0 { throw FileError(operation, path) }
    }
}

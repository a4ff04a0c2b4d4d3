// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import ISOBaseMedia

/// A finished film from elsewhere that is to become a chunk.
package struct ForeignFilm: Sendable {
    /// Open for reading; nobody needs to trust it not to change.
    package let file: RandomAccessFile
    /// SHA-256 of the whole file: what is copied is held to it.
    package let digest: [UInt8]
    /// SHA-256 of the file that came, if this was made of that.
    package let arrival: [UInt8]
    package let camera: String
    package let run: Run
    package let sequence: Int
    /// Media time of the first frame in nanoseconds.
    package let mediaTime: Int64
    /// Where the film ends in the file, and a box begins that says what it was elsewhere; or the file's size.
    package let end: UInt64

    package init(
        file: RandomAccessFile,
        digest: [UInt8],
        arrival: [UInt8],
        camera: String,
        run: Run,
        sequence: Int,
        mediaTime: Int64,
        end: UInt64
    ) {
        (self.file, self.digest, self.arrival, self.camera, self.run) = (file, digest, arrival, camera, run)
        (self.sequence, self.mediaTime, self.end) = (sequence, mediaTime, end)
    }
}

/// A file is not what it was, or not what it was said to be.
package struct FilmChanged: Error, CustomStringConvertible {
    package var description: String { "it changed while it was copied" }
}

extension ChunkStore {
    private static let blockSize: UInt64 = 1 << 20

    /// Takes a film from elsewhere in, as a chunk that ends like one of our own: room is charged, the film copied under a
    /// name ending in `.open.mp4`, our box appended, the file synced and renamed, its folder synced, the row written.
    ///
    /// A crash before the rename leaves a torn chunk, which the next opening repairs or removes; nothing tells `arrived`
    /// of it then, and the film comes again.
    ///
    /// - Throws: ``FileError``, with `ENOSPC` if there is no room, with `EINTR` once `isInterrupted`; ``FilmChanged``;
    ///   ``ChunkIndex/Failure``.
    package func take(
        _ film: ForeignFilm,
        isInterrupted: @escaping @Sendable () -> Bool = { false }
    ) async throws -> Chunk {
        let id = takeID()
        var isTaken = false
        defer { if !isTaken { space.update { $0.remove(id) } } }
        let key = try await key(of: film.run)
        let run = try await index.run(key) ?? film.run
        let turn = try await index.turn(of: film.camera, at: run.clock.wallTime(of: film.mediaTime)) ?? id
        let copied = try await pass.offQueue { [self] in try copy(film, id, key, turn, run, isInterrupted) }
        space.update { $0.finish(id, of: copied.camera, allocated: copied.allocated) }
        isTaken = true
        await persist("chunk \(copied.path)") { index in
            try await index.add(copied)
            try await index.noteArrival(film.arrival, as: id)
        }
        if run.clock.state == .unsynchronised { try await index.restampBoots() }
        tellFinished()
        return copied
    }

    /// A run's key; what is known better of its times now moves its chunks.
    private func key(of run: Run) async throws -> Int64 {
        if let (key, known) = try await index.run(identity: run.identity) {
            if known.clock.state == .unsynchronised, run.clock.state != .unsynchronised {
                try await index.correct(key, to: run.clock)
            }
            return key
        }
        return try await index.add(run)
    }

    /// Blocks.
    private func copy(
        _ film: ForeignFilm,
        _ id: Int64,
        _ key: Int64,
        _ turn: Int64,
        _ run: Run,
        _ isInterrupted: () -> Bool
    ) throws -> Chunk {
        guard check() else {
            throw FileError(
                "take a film into",
                directory,
                code: ENODEV,
                words: "another disk, or none, is in its place"
            )
        }
        let start = run.clock.wallTime(of: film.mediaTime)
        var (name, new) = try create(ChunkName(camera: film.camera, start: start))
        var chunk = Chunk(
            id: id,
            camera: film.camera,
            run: key,
            sequence: film.sequence,
            state: .complete,
            start: start,
            mediaTime: film.mediaTime,
            path: name.path
        )
        (chunk.origin, chunk.turn) = (.card, turn)
        do {
            try write(film, into: new, id, isInterrupted)
            let table: SampleTable
            do throws(ReadError<FileError>) { table = try SampleTable(new) } catch {
                if case .source(let failure) = error { throw failure }
                throw FilmChanged()
            }
            guard table.isFinished, table.length < Chunk.longest else { throw FilmChanged() }
            (chunk.frames, chunk.duration) = (table.frames, table.length)
            try new.write(ChunkMetadata(of: chunk, run: run, store: identity).box, at: film.end)
            try new.sync()
            (chunk.bytes, chunk.allocated) = (Int64(try new.byteCount()), try new.allocated)
            while true {
                do throws(FileError) {
                    try Folder.rename(new.path, to: "\(directory)/\(name.path)")
                    break
                } catch {
                    guard error.code == EEXIST else { throw error }
                    name = ChunkName(camera: name.camera, start: name.start + .milliseconds(1))
                }
            }
            chunk.path = name.path
            return chunk
        } catch {
            // Half of it is there once more, whole, where it came from.
            guard unlink(new.path) == 0 || errno == ENOENT else { throw FileError("remove the unfinished", new.path) }
            throw error
        }
    }

    /// The file that a film is copied to, and its folder; the name is the next free millisecond's if it is taken.
    private func create(_ wanted: ChunkName) throws(FileError) -> (ChunkName, RandomAccessFile) {
        var name = wanted
        var attempts = 0
        while true {
            try Folder.refuseLink("\(directory)/\(name.camera)")
            try Folder.refuseLink("\(directory)/\(name.folder)")
            if try Folder.make("\(directory)/\(name.folder)") { space.update { $0.overhead += 4096 } }
            do throws(FileError) {
                guard !FileSystem.isThere("\(directory)/\(name.path)") else {
                    throw FileError("create", name.path, code: EEXIST)
                }
                return (name, try RandomAccessFile(creating: "\(directory)/\(name.openPath)"))
            } catch {
                // A day's folder goes with its last chunk, which may be just now.
                if error.code == ENOENT, check(), attempts < 3 {
                    attempts += 1
                    continue
                }
                guard error.code == EEXIST else { throw error }
                name = ChunkName(camera: name.camera, start: name.start + .milliseconds(1))
            }
        }
    }

    /// Copies a film, and computes the digest of all that there is of it on the way.
    ///
    /// Room is charged as it is written: chunks are deleted for as much as that at a time, and no more.
    private func write(
        _ film: ForeignFilm,
        into new: RandomAccessFile,
        _ id: Int64,
        _ isInterrupted: () -> Bool
    ) throws {
        let digest = try DigestContext()
        var offset: UInt64 = 0
        while true {
            if isInterrupted() { throw FileError("copy", film.file.path, code: EINTR) }
            let bytes = try film.file.read(offset..<offset + Self.blockSize)
            if bytes.isEmpty { break }
            digest.add(bytes)
            if offset < film.end {
                let end = min(offset + UInt64(bytes.count), film.end)
                let size = ((Int64(end) + 4095) & ~4095) + Self.boxRoom
                try space.charge(id, of: film.camera, to: size, isInterrupted: isInterrupted)
                try new.write(Array(bytes.prefix(Int(end - offset))), at: offset)
                let allocated = try new.allocated
                space.update { $0.settle(id, allocated: allocated) }
            }
            offset += UInt64(bytes.count)
        }
        guard digest.finish() == film.digest else { throw FilmChanged() }
    }

    /// More than the last box takes.
    private static let boxRoom: Int64 = 8192
}

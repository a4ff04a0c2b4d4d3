// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import ISOBaseMedia

/// Makes a torn chunk whole: up to its last complete fragment it becomes a plain MP4 with all that a finished chunk has.
///
/// Where it lies, in steps that may be cut off anywhere and made again: see `Repair`. After them, as with every finished
/// chunk: sync, rename, sync of the folder.
enum ChunkRepair {
    /// Mends the file that a chunk was being written to.
    ///
    /// What lies behind `length` bytes, if that is given, is not to be relied on, and goes: the disk failed with it.
    ///
    /// Returns what the chunk is now; `nil` if its file was empty, and is gone. The name is the chunk's, or the next free
    /// millisecond's if that is taken.
    ///
    /// - Throws: ``Unrepairable`` if there is something that cannot be understood: it is kept under another name.
    static func mend(
        _ chunk: Chunk,
        of run: Run,
        upTo length: UInt64? = nil,
        store: String,
        in directory: String
    ) throws -> Chunk? {
        let openPath = "\(directory)/\(chunk.openPath)"
        if let finished = try finished(chunk, in: directory) { return finished }
        let file = try RandomAccessFile(openPath, writable: true)
        if length == 0 { try file.truncate(to: 0) }
        guard try file.byteCount() > 0 else { return try discard(openPath) }
        let read: SampleTable
        do throws(ReadError<FileError>) { read = try SampleTable(file, isTorn: true) } catch {
            if case .source(let failure) = error { throw failure }
            throw try setAside(file, openPath, "\(error)")
        }
        // Of a repair that got as far as the header, the index lies behind it: that file is whole.
        if let length, !read.isFinished, try file.byteCount() > length {
            try file.truncate(to: length)
            return try mend(chunk, of: run, store: store, in: directory)
        }
        let own = read.isFinished ? try ChunkMetadata.read(from: file) : nil
        // What says of itself what it is was whole by then.
        let table = own != nil ? read : try whole(read, in: file)
        // What was being fetched is fetched again.
        if table.samples.isEmpty, chunk.origin == .card { return try discard(openPath) }
        guard !table.samples.isEmpty else { throw try setAside(file, openPath, "not one frame of it is whole") }
        guard table.length < Chunk.longest else { throw try setAside(file, openPath, "it claims to last for days") }
        var mended = chunk
        mended.state = table.isFinished ? .complete : .repaired
        let metadata = ChunkMetadata(of: chunk, run: run, store: store).box
        if table.isFinished {
            // All but the name was done, or all but the last box.
            if own == nil {
                // Of a box that a power cut tore, a part may be there.
                try file.truncate(to: table.playableEnd)
                try file.write(metadata, at: table.playableEnd)
            }
            // Had a sync failed, the kernel would take its pages for written: what was patched last is written again.
            try file.rewrite(0..<Self.patched)
            let end = try file.byteCount()
            try file.rewrite((end > Self.patched ? end - Self.patched : 0)..<end)
        } else {
            let repair = try Repair(table, created: chunk.start.nanoseconds, appending: metadata)
            try file.truncate(to: repair.length)
            try file.write(repair.appended, at: repair.length)
            try file.sync()
            try file.write(repair.patch.bytes, at: repair.patch.offset)
        }
        try file.sync()
        mended.path = try rename(chunk, in: directory)
        mended.frames = table.frames
        mended.duration = table.length
        mended.bytes = Int64(try file.byteCount())
        mended.allocated = try file.allocated
        mended.digest = nil
        return mended
    }

    /// The samples whose media reached the disk.
    ///
    /// A final index that no reader finds yet was not synced, nor were the last media before it: where one of its pages is
    /// missing the fragments may know of more.
    private static func whole(_ table: SampleTable, in file: RandomAccessFile) throws(FileError) -> SampleTable {
        let whole = table.prefix(try MediaCheck.wholeSamples(of: table, in: file))
        guard table.hiddenMovie != nil, whole.frames < table.frames else { return whole }
        let fragments: SampleTable
        do throws(ReadError<FileError>) { fragments = try SampleTable(file) } catch {
            if case .source(let failure) = error { throw failure }
            return whole
        }
        let known = fragments.prefix(try MediaCheck.wholeSamples(of: fragments, in: file))
        return known.frames > whole.frames ? known : whole
    }

    /// A first fragment, or a final index and what follows it, at the largest.
    private static let patched: UInt64 = 1 << 20

    /// A chunk whose last step failed, the sync of its folder: it has its name already.
    private static func finished(_ chunk: Chunk, in directory: String) throws -> Chunk? {
        let path = "\(directory)/\(chunk.path)"
        guard !FileSystem.isThere("\(directory)/\(chunk.openPath)"), FileSystem.isThere(path) else { return nil }
        let file = try RandomAccessFile(path)
        guard try ChunkMetadata.read(from: file)?.id == chunk.id else { return nil }
        let table = try SampleTable(file)
        try Folder.sync(Folder.parent(of: path))
        var finished = chunk
        (finished.state, finished.frames, finished.duration) = (.complete, table.frames, table.length)
        (finished.bytes, finished.allocated) = (Int64(try file.byteCount()), try file.allocated)
        return finished
    }

    /// What cannot be understood may yet be understood by somebody: it is kept, out of the way.
    private static func setAside(
        _ file: RandomAccessFile,
        _ path: String,
        _ reason: String
    ) throws(FileError) -> Unrepairable {
        let aside = path + Unrepairable.suffix
        guard Glibc.rename(path, aside) == 0 else { throw FileError("move aside", path) }
        try Folder.sync(Folder.parent(of: path))
        return Unrepairable(path: aside, reason: reason, allocated: try file.allocated)
    }

    /// Removes a file in which there is nothing yet, if it is there.
    static func discardOpen(_ path: String) throws(FileError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw FileError("remove the empty", path) }
    }

    private static func discard(_ path: String) throws(FileError) -> Chunk? {
        guard unlink(path) == 0 else { throw FileError("remove the empty", path) }
        try Folder.sync(Folder.parent(of: path))
        return nil
    }

    private static func rename(_ chunk: Chunk, in directory: String) throws(FileError) -> String {
        let from = "\(directory)/\(chunk.openPath)"
        let folder = Folder.parent(of: chunk.path)
        var name = ChunkName(path: chunk.path) ?? ChunkName(camera: chunk.camera, start: chunk.start)
        while true {
            let path = "\(folder)/\(name.file)"
            let to = "\(directory)/\(path)"
            do throws(FileError) {
                try Folder.rename(from, to: to)
                return path
            } catch {
                guard error.code == EEXIST else { throw error }
                name = ChunkName(camera: name.camera, start: name.start + .milliseconds(1))
            }
        }
    }
}

/// A torn chunk that could not be made whole: its file is kept under another name.
struct Unrepairable: Error, CustomStringConvertible {
    static let suffix = ".damaged"

    /// Where it is now.
    let path: String
    let reason: String
    /// What it takes on the disk, in bytes.
    let allocated: Int64

    var description: String { "\(reason); it is kept as \(path)" }
}

extension ChunkMetadata {
    /// What a chunk says of itself.
    package init(of chunk: Chunk, run: Run, store: String, cuts: [Cut] = []) {
        self.init(
            store: store,
            camera: chunk.camera,
            run: run.identity,
            id: chunk.id,
            sequence: chunk.sequence,
            start: run.clock.wallTime(of: chunk.mediaTime),
            mediaTime: chunk.mediaTime,
            clock: run.clock.state,
            boot: run.boot,
            origin: chunk.origin
        )
        (source, turn, self.cuts) = (run.source, chunk.turn == chunk.id ? nil : chunk.turn, cuts)
    }

    /// The whole box, to be appended to a file.
    package var box: [UInt8] {
        // A few hundred bytes: never too many.
        UserExtensionBox(type: Self.type, content: Array(text.utf8))?.box ?? []
    }

    /// What a finished file says of itself; `nil` if it has no such box.
    package static func read(from file: RandomAccessFile) throws(FileError) -> ChunkMetadata? {
        do throws(ReadError<FileError>) {
            return try UserExtensionBox(Self.type, in: file).flatMap { ChunkMetadata($0.content) }
        } catch {
            if case .source(let failure) = error { throw failure }
            return nil
        }
    }
}

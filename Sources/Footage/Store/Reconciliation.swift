// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import ISOBaseMedia
internal import SQLite

/// Brings a directory and its index together when a store is opened. Files are the truth.
///
/// | there is | it becomes |
/// |---|---|
/// | a torn chunk (`.open.mp4`) | a plain MP4 up to its last complete fragment, and a row |
/// | a finished chunk that the index does not know | a row, from what the chunk says of itself |
/// | a row without a file | a gap |
/// | a row that was being deleted | nothing: the deletion is finished |
/// | anything else | named in the log, and left alone |
///
/// Where index and files agree nothing but names and sizes is looked at: no file is read.
actor Reconciliation {
    private let executor = QueueExecutor(label: "reconciliation")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let directory: String
    let index: ChunkIndex
    let store: String
    let journal: Journal

    /// What was found that is nobody's: a few are named, and how many more there are.
    private var foreign: [String] = []
    private var overhead: Int64 = 0
    private var knownFiles = 0
    private var adopted = 0
    private var mended = 0
    private var lost = 0
    private var books: [(camera: String, allocated: Int64, files: Int)] = []
    private var nextID: Int64 = 1
    /// What chunks that were taken in stand in the place of.
    private var cuts: [(source: Int64, cuts: [Cut])] = []

    init(directory: String, index: ChunkIndex, store: String, journal: Journal) {
        (self.directory, self.index, self.store, self.journal) = (directory, index, store, journal)
    }

    /// Looks through the directory, and enters into the books what there is.
    ///
    /// `interruption` is why recording ended without a word, if it did.
    func run(into space: Space, interruption: Gap.Reason?) async throws {
        nextID = try await index.lastID() + 1
        try await finishDeleting()
        let root = try Folder.entries(of: directory) ?? []
        overhead = FileSystem.allocated(directory)
        let indexFiles = Set(ChunkIndex.files(of: "martlet.sqlite"))
        let own = indexFiles.union([DirectoryLock.name, StoreIdentity.name])
        for entry in root {
            if entry.kind == .folder, Self.isCameraName(entry.name) {
                try await camera(entry)
            } else if own.contains(entry.name) || entry.name.hasPrefix("martlet.sqlite.") {
                // Old indices among them: they count, but are nobody else's.
                if !indexFiles.contains(entry.name) { overhead += entry.allocated }
            } else {
                leaveAlone(entry, in: "")
            }
        }
        try await findLost()
        if adopted > 0 { try await index.restampBoots() }
        for (source, cuts) in cuts { try await index.cut(cuts, for: source) }
        try await index.dropEmptyRuns()
        if let interruption { try await resume(after: interruption) }
        let (books, overhead) = (books, overhead)
        space.update { quota in
            quota.overhead += overhead
            for (camera, allocated, files) in books { quota.add(allocated, of: camera, files: files) }
        }
        report()
    }

    // MARK: What a crash left in the index

    private func finishDeleting() async throws {
        for chunk in try await index.unfinished() where chunk.state == .deleting {
            let path = "\(directory)/\(chunk.path)"
            guard unlink(path) == 0 || errno == ENOENT else {
                // The evictor tries again; one file that does not go stops nothing.
                journal.error("\(FileError("delete", path))", camera: chunk.camera)
                continue
            }
            let folder = Folder.parent(of: path)
            if FileSystem.isThere(folder), rmdir(folder) != 0 { try Folder.sync(folder) }
            try await index.drop(chunk, reason: .quota)
        }
    }

    /// Rows whose files were not seen.
    private func findLost() async throws {
        let open = try await index.unfinished()
        for chunk in open where !isThere(chunk) { try await index.drop(chunk) }
        guard try await index.count() > knownFiles else { return }
        for camera in try await index.cameras() {
            for chunk in try await index.chunks(camera: camera) where !isThere(chunk) {
                try await index.drop(chunk, reason: .lost, detail: chunk.path)
                journal.warning("chunk \(chunk.path) is no longer there", camera: camera)
                lost += 1
            }
        }
    }

    private func isThere(_ chunk: Chunk) -> Bool {
        var status = stat()
        for path in [chunk.path, chunk.openPath] {
            if lstat("\(directory)/\(path)", &status) == 0 { return true }
            // What cannot be looked at may be there.
            if errno != ENOENT, errno != ENOTDIR { return true }
        }
        return false
    }

    /// A process that ended without a word, or a disk that went away, left no gap behind: it began where its last chunk
    /// ends.
    private func resume(after reason: Gap.Reason) async throws {
        let detail = reason == .disk ? "the disk was away" : "the recorder ended unexpectedly"
        for camera in try await index.cameras() {
            guard let end = try await index.lastEnd(of: camera) else { continue }
            let gap = Gap(
                camera: camera,
                start: end,
                end: nil,
                reason: reason,
                detail: detail
            )
            try await index.add(gap)
        }
    }

    // MARK: Folders

    private static func isCameraName(_ name: String) -> Bool {
        name.utf8.count <= 63
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }

    private func camera(_ folder: Folder.Entry) async throws {
        overhead += folder.allocated
        guard let entries = read(folder.name) else { return }
        for entry in entries {
            if entry.kind == .folder, UTCTime(fileName: "\(entry.name)T00-00-00.000Z") != nil {
                try await day("\(folder.name)/\(entry.name)", entry)
            } else {
                leaveAlone(entry, in: "\(folder.name)/")
            }
        }
    }

    /// `nil` if a folder cannot be read: what is in it is nobody's, and stops nothing.
    private func read(_ folder: String) -> [Folder.Entry]? {
        do throws(FileError) { return try Folder.entries(of: "\(directory)/\(folder)") } catch {
            journal.error("\(error)")
            return nil
        }
    }

    private func day(_ folder: String, _ own: Folder.Entry) async throws {
        overhead += own.allocated
        guard let entries = read(folder) else { return }
        let rows = try await index.rows(inFolder: folder)
        if let allocated = Self.total(entries, ifAllAre: rows) {
            // Nearly always: of a whole day nothing more is to be done.
            knownFiles += entries.count
            books.append((String(folder.prefix { $0 != "/" }), allocated, entries.count))
            return
        }
        try await day(folder, entries)
    }

    /// What a day's files take, if all are chunks that the index knows as they are.
    private static func total(_ entries: [Folder.Entry], ifAllAre rows: [String: ChunkIndex.FileRow]) -> Int64? {
        guard entries.count == rows.count else { return nil }
        var total: Int64 = 0
        for entry in entries {
            guard entry.kind == .file, let row = rows[entry.name], row.isSettled, row.bytes == entry.bytes,
                row.allocated == entry.allocated
            else { return nil }
            total += entry.allocated
        }
        return total
    }

    private func day(_ folder: String, _ entries: [Folder.Entry]) async throws {
        let rows = Dictionary(try await index.chunks(inFolder: folder).map { ($0.path, $0) }) { one, _ in one }
        let names = Set(entries.map(\.name))
        for entry in entries {
            let path = "\(folder)/\(entry.name)"
            if entry.kind == .file, entry.name.hasSuffix(".open.mp4" + Unrepairable.suffix) {
                // Said when it was put there.
                overhead += entry.allocated
                continue
            }
            guard entry.kind == .file, let name = ChunkName(path: path) else {
                leaveAlone(entry, in: "\(folder)/")
                continue
            }
            if path == name.openPath {
                if entry.links > 1, names.contains(name.file) {
                    // A rename by a second name, cut off in the middle.
                    if unlink("\(directory)/\(path)") != 0 {
                        journal.error("\(FileError("remove the old name", path))", camera: name.camera)
                    }
                } else {
                    // A finished chunk's row is not that of a file beside it.
                    let row = rows[name.path]
                    await torn(name, row?.state == .open ? row : nil, entry)
                }
            } else if let row = rows[path], row.state != .open {
                try await known(row, entry)
            } else {
                try await unknown(name, rows[path], entry)
            }
        }
    }

    // MARK: Files

    private func known(_ row: Chunk, _ entry: Folder.Entry) async throws {
        knownFiles += 1
        books.append((row.camera, entry.allocated, 1))
        // A deletion that is not done: the file is shorter than it was.
        if row.state == .deleting, row.allocated == entry.allocated { return }
        var row = row
        if row.bytes != entry.bytes, row.state != .damaged, row.state != .deleting {
            row.state = .damaged
            journal.error("chunk \(row.path) has \(entry.bytes) bytes instead of \(row.bytes)", camera: row.camera)
        } else if row.allocated == entry.allocated {
            return
        }
        row.allocated = entry.allocated
        try await index.update(row)
    }

    private func torn(_ name: ChunkName, _ row: Chunk?, _ entry: Folder.Entry) async {
        do {
            let (chunk, run) = try await describe(name, row)
            guard let whole = try ChunkRepair.mend(chunk, of: run, store: store, in: directory) else {
                if let row { try await index.drop(row) }
                journal.notice("\(name.openPath) was empty, and is gone", camera: name.camera)
                return
            }
            try await take(whole, isKnown: row != nil)
            if whole.origin == .card { try await index.clampCuts(for: whole.id, to: whole.duration) }
            mended += 1
            let seconds = whole.duration.rounded
            journal.notice(
                "torn chunk \(name.path) is repaired: \(whole.frames) frames, \(seconds)",
                camera: name.camera
            )
        } catch {
            // One bad file never stops a store; it takes its room all the same.
            journal.error("torn chunk \(name.openPath) cannot be repaired: \(error)", camera: name.camera)
            overhead += entry.allocated
        }
    }

    /// What is known of a torn chunk: from its row; else from itself, if nothing but its name was not final yet; else
    /// from its name.
    private func describe(_ name: ChunkName, _ row: Chunk?) async throws -> (Chunk, Run) {
        if let row, let run = try await index.run(row.run) { return (row, run) }
        let file = try RandomAccessFile("\(directory)/\(name.openPath)")
        if let metadata = try ChunkMetadata.read(from: file), metadata.camera == name.camera {
            return try await describe(name, metadata)
        }
        // Nobody knows whether the clock was right that named it.
        let clock = RunClock.Mapping(offset: 0, state: .unsynchronised)
        let run = Run(identity: makeIdentity(), camera: name.camera, boot: "", clock: clock)
        let chunk = Chunk(
            id: takeID(),
            camera: name.camera,
            run: try await index.add(run),
            sequence: 0,
            state: .open,
            start: name.start,
            mediaTime: name.start.nanoseconds,
            path: name.path
        )
        return (chunk, run)
    }

    private func takeID() -> Int64 {
        defer { nextID += 1 }
        return nextID
    }

    private func take(_ chunk: Chunk, isKnown: Bool) async throws {
        if isKnown { try await index.update(chunk) } else { try await index.add(chunk) }
        knownFiles += 1
        books.append((chunk.camera, chunk.allocated, 1))
    }

    /// A finished chunk whose row is missing, or says that it is being written.
    private func unknown(_ name: ChunkName, _ row: Chunk?, _ entry: Folder.Entry) async throws {
        do {
            guard let chunk = try await adopt(name, row) else {
                leaveAlone(entry, in: "\(name.folder)/")
                return
            }
            try await take(chunk, isKnown: row?.id == chunk.id)
            adopted += 1
        } catch {
            if (error as? ChunkIndex.Failure)?.isDamage == true { throw error }
            journal.error("\(name.path) is not taken in: \(error)", camera: name.camera)
            overhead += entry.allocated
        }
    }

    /// `nil` if the file does not say that it is one of ours.
    private func adopt(_ name: ChunkName, _ row: Chunk?) async throws -> Chunk? {
        let file = try RandomAccessFile("\(directory)/\(name.path)")
        guard let metadata = try ChunkMetadata.read(from: file), metadata.camera == name.camera else { return nil }
        let table: SampleTable
        do throws(ReadError<FileError>) { table = try SampleTable(file) } catch {
            if case .source(let failure) = error { throw failure }
            return nil
        }
        guard table.length < Chunk.longest else { return nil }
        var (chunk, _) = try await describe(name, metadata, row: row)
        chunk.state = .complete
        (chunk.frames, chunk.duration) = (table.frames, table.length)
        (chunk.bytes, chunk.allocated) = (Int64(try file.byteCount()), try file.allocated)
        return chunk
    }

    /// What a chunk says of itself; its number is another if a chunk other than `row` has it.
    private func describe(_ name: ChunkName, _ metadata: ChunkMetadata, row: Chunk? = nil) async throws -> (Chunk, Run)
    {
        let offset = metadata.start.nanoseconds - metadata.mediaTime
        let run = Run(
            identity: metadata.run,
            camera: metadata.camera,
            boot: metadata.boot,
            clock: .init(offset: offset, state: metadata.clock),
            source: metadata.source
        )
        var id = metadata.id
        if row?.id != id, try await index.chunk(id) != nil { id = takeID() }
        nextID = max(nextID, id + 1)
        var chunk = Chunk(
            id: id,
            camera: metadata.camera,
            run: try await index.add(run),
            sequence: metadata.sequence,
            state: .open,
            start: metadata.start,
            mediaTime: metadata.mediaTime,
            path: name.path
        )
        (chunk.origin, chunk.turn) = (metadata.origin, metadata.turn ?? id)
        // Those it stands in the place of may be taken in after it.
        if !metadata.cuts.isEmpty { cuts.append((chunk.id, metadata.cuts)) }
        return (chunk, run)
    }

    private func leaveAlone(_ entry: Folder.Entry, in folder: String) {
        foreign.append(folder + entry.name)
        guard entry.kind == .folder else {
            overhead += entry.allocated
            return
        }
        let path = "\(directory)/\(folder)\(entry.name)"
        do throws(FileError) { overhead += try Folder.allocatedBelow(path) } catch {
            // Such as lost+found, which is root's.
            journal.warning("what lies there is not counted: \(error)")
            overhead += entry.allocated
        }
    }

    /// A whole disk of somebody's films would fill the log.
    private static let namedAtMost = 100

    private func report() {
        for name in foreign.prefix(Self.namedAtMost) {
            journal.warning("\(directory)/\(name.printable) is not Martlet's, and is left alone")
        }
        let rest = foreign.count - Self.namedAtMost
        if rest > 0 { journal.warning("\(rest) more files are left alone") }
        let parts = [(adopted, "adopted"), (mended, "repaired"), (lost, "no longer there")]
        let words = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        if !words.isEmpty {
            journal.notice("chunks in \(directory): \(knownFiles), of them \(words.joined(separator: ", "))")
        }
    }
}

extension Duration {
    /// For a log: `12.3 s`.
    fileprivate var rounded: String {
        let tenths = inNanoseconds / 100_000_000
        return "\(tenths / 10).\(tenths % 10) s"
    }
}

extension String {
    /// On one line of a log, whatever is in it.
    fileprivate var printable: String {
        unicodeScalars.map { $0.value < 32 || $0.value == 127 ? "\u{FFFD}" : String($0) }.joined()
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import GLib
internal import Glibc
internal import Media
internal import SQLite

/// Looks through the folder that files come in, and makes chunks of what is whole: one file at a time, on a thread of its
/// own.
///
/// Whoever uploads may do what they like there: no link is followed, nothing is taken for what its name says, and of a
/// million files no more is remembered than of one.
actor IntakeScan {
    private let executor = QueueExecutor(label: "intake")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let settings: Intake.Settings
    private let library: PipelineLibrary
    private let patience: Intake.Patience
    private let stopper: Stopper
    private var store: ChunkStore?
    private(set) var status: IntakeStatus
    /// What has been said once.
    private var said: Set<String> = []
    /// Files that wait though they are whole, with their digests, by path.
    private var pending: [String: (state: FileState, digest: [UInt8], until: ContinuousClock.Instant)] = [:]
    /// Folders that there are, to be watched.
    private var folders: [String] = []

    private static let deepest = 8
    /// More are looked at, and not remembered.
    private static let mostRemembered = 1000
    private static let mostWatched = 64
    /// Two hours at 200 Mbit/s: what is larger is no chunk, and takes long to be read.
    private static let largest: Int64 = 200_000_000_000

    init(_ settings: Intake.Settings, library: PipelineLibrary, patience: Intake.Patience, stopper: Stopper) {
        (self.settings, self.library, self.patience, self.stopper) = (settings, library, patience, stopper)
        status = IntakeStatus(directory: settings.directory)
    }

    /// Looks at everything once; returns the folders to be watched.
    func scan(into store: ChunkStore) async -> [String] {
        self.store = store
        folders = [settings.directory]
        status.waiting = 0
        if pending.count >= Self.mostRemembered { pending = [:] }
        do {
            try await scan(try IncomingFolder(root: settings.directory), depth: 0)
            if status.cause != nil { Log.notice("files are taken in again: \(settings.directory)") }
            status.cause = nil
        } catch {
            if status.cause != "\(error)" {
                Log.write(.error, "files are not taken in: \(error)".printable, budget: "intake")
            }
            status.cause = "\(error)".printable
        }
        return folders
    }

    private func scan(_ folder: IncomingFolder, depth: Int) async throws {
        let names = try IncomingFolder.Names(folder)
        while !stopper.isStopped, let bytes = names.next() {
            guard let name = String(validating: bytes, as: UTF8.self) else {
                say("a file whose name is no text is left alone in \(settings.directory)/\(folder.path)")
                continue
            }
            guard !name.hasPrefix("."), let state = folder.look(name) else { continue }
            switch state.kind {
            case .folder where depth < Self.deepest:
                let path = folder.child(name)
                do {
                    let inner = try IncomingFolder(name, in: folder)
                    if folders.count < Self.mostWatched { folders.append("\(settings.directory)/\(path)") }
                    try await scan(inner, depth: depth + 1)
                } catch let error as FileError where error.path == path { say("\(error)") }
            case .folder: say("\(folder.child(name)) is too deep, and left alone")
            case .other: say("\(folder.child(name)) is neither a file nor a folder, and left alone")
            case .file: if !isPart(name) { try await look(at: name, state, in: folder) }
            }
        }
    }

    /// What other programs call a file that is not whole, and what stands beside one.
    private func isPart(_ name: String) -> Bool {
        [".part", ".tmp", ".filepart", ".sha256"].contains { name.lowercased().hasSuffix($0) }
    }

    // MARK: One file

    private func look(at name: String, _ state: FileState, in folder: IncomingFolder) async throws {
        let path = folder.child(name)
        let age = UTCTime.now - state.changed
        var known: [UInt8]?
        do {
            let expected = try sidecar(of: name, in: folder)
            guard state.bytes > 0, expected != nil || age >= patience.quiet else {
                status.waiting += 1
                return
            }
            if state.bytes > Self.largest { return try reject(name, state, in: folder, "it is larger than 200 GB") }
            let digest: [UInt8]
            if let waiting = pending[path], waiting.state == state {
                guard waiting.until <= .now else {
                    status.waiting += 1
                    return
                }
                digest = waiting.digest
            } else {
                guard let file = try folder.file(name) else { return }
                digest = try file.sha256 { _ in
                    if stopper.isStopped { throw FileError("read", path, code: EINTR) }
                }
            }
            known = digest
            pending[path] = nil
            if let expected, digest != expected {
                try await wait(name, state, digest, in: folder, age, "its SHA-256 is not what \(name).sha256 says")
                return
            }
            try await judge(name, state, digest, in: folder, age)
        } catch let error as FileError where error.code != ENOSPC {
            status.waiting += 1
            if stopper.isStopped { return }
            // What is in it need not be read again for that.
            if let known { remember(path, state, known) }
            say("\(error)")
        }
    }

    /// It may still be coming; when nothing has come for long, it will not.
    private func wait(
        _ name: String,
        _ state: FileState,
        _ digest: [UInt8],
        in folder: IncomingFolder,
        _ age: Duration,
        _ reason: String
    ) async throws {
        if age >= patience.giveUp { return try reject(name, state, in: folder, reason) }
        status.waiting += 1
        remember(folder.child(name), state, digest)
    }

    private func remember(_ path: String, _ state: FileState, _ digest: [UInt8]) {
        guard pending.count < Self.mostRemembered else { return }
        pending[path] = (state, digest, .now + patience.again)
    }

    private func judge(
        _ name: String,
        _ state: FileState,
        _ digest: [UInt8],
        in folder: IncomingFolder,
        _ age: Duration
    ) async throws {
        guard let store else { return }
        if try await store.index.hasArrived(digest) {
            try removeAll(name, state, in: folder)
            status.duplicates += 1
            Log.write(.notice, "\(folder.child(name).printable) has come before, and is removed", budget: "intake")
            return
        }
        guard let file = try folder.file(name) else { return }
        do {
            let isMatroska = try Matroska.isOne(file)
            if isMatroska { try checkLength(of: file, state, age) }
            let source =
                isMatroska ? try await Matroska.remux(file, in: folder.descriptor, library, stopper) : file
            let film = try FilmFile(source)
            let camera = try camera(of: film, name, state, in: folder)
            let (arrival, foreign) = try describe(film, source, camera, name, state, digest, isMatroska, in: folder)
            switch try await verdict(for: arrival, store) {
            case .take:
                if let partial = PartialFilm(film, source), try await take(partial, digest, name, state, in: folder) {
                    return
                }
                let chunk = try await store.take(foreign) { [stopper] in stopper.isStopped }
                try removeAll(name, state, in: folder)
                (status.taken, status.lastSuccess) = (status.taken + 1, .now)
                Log.write(.info, "\(folder.child(name).printable) is chunk \(chunk.path) now", camera: camera)
            case .wait:
                status.waiting += 1
                remember(folder.child(name), state, digest)
            case .setAside(let reason): try reject(name, state, in: folder, reason)
            }
        } catch let problem as FilmFile.Problem {
            switch problem {
            case .incomplete(let reason): try await wait(name, state, digest, in: folder, age, reason)
            case .wrong(let reason): try reject(name, state, in: folder, reason)
            }
        } catch is FilmChanged {
            status.waiting += 1
        }
    }

    /// Of Matroska a half plays as well as the whole.
    private func checkLength(of file: RandomAccessFile, _ state: FileState, _ age: Duration) throws {
        guard let length = try Matroska.length(of: file) else {
            if age < patience.unmarked { throw FilmFile.Problem.incomplete("it does not say how long it is") }
            return
        }
        if length > UInt64(state.bytes) { throw FilmFile.Problem.incomplete("it ends before its end") }
    }

    private func verdict(for arrival: Arrival, _ store: ChunkStore) async throws -> Verdict {
        let open = try await store.index.openChunks(of: arrival.camera).map(\.start).min()
        return Intake.verdict(for: arrival, openSince: open)
    }

    /// Of one of ours that came live in part only what did not come; `false` if nothing of it came.
    private func take(
        _ film: PartialFilm,
        _ digest: [UInt8],
        _ name: String,
        _ state: FileState,
        in folder: IncomingFolder
    ) async throws -> Bool {
        guard let store else { return false }
        let words: String
        switch try await film.take(into: store, stopper) {
        case .whole: return false
        case .nothing:
            status.duplicates += 1
            words = "is removed: its footage is there already"
        case .parts(let chunks, let frames):
            if let last = chunks.last { try await store.index.noteArrival(digest, as: last.id) }
            (status.taken, status.lastSuccess) = (status.taken + 1, .now)
            words = "is taken in as far as it had not come: \(frames) frames"
        }
        try removeAll(name, state, in: folder)
        let text = "\(folder.child(name).printable) \(words)"
        Log.write(.notice, text, camera: film.metadata.camera, budget: "intake")
        return true
    }

    private func removeAll(_ name: String, _ state: FileState, in folder: IncomingFolder) throws(FileError) {
        try folder.remove(name, state)
        try folder.remove("\(name).sha256")
    }

    // MARK: What it is

    /// What stands beside the file, if that is a digest.
    private func sidecar(of name: String, in folder: IncomingFolder) throws(FileError) -> [UInt8]? {
        guard let file = try folder.file("\(name).sha256") else { return nil }
        let text = String(decoding: try file.read(0..<64), as: UTF8.self)
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: 64, by: 2) {
            guard let byte = UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }

    /// Whose film it is.
    private func camera(
        of film: FilmFile,
        _ name: String,
        _ state: FileState,
        in folder: IncomingFolder
    ) throws(FilmFile.Problem) -> String {
        let mapped = settings.camera(ofPath: folder.child(name)) ?? state.ownerName.flatMap { settings.cameras[$0] }
        if let own = film.metadata?.camera {
            guard mapped == nil || mapped == own else {
                throw .wrong("it says that it is of '\(own.printable)', and what comes there is of '\(mapped ?? "")'")
            }
            return own
        }
        if let mapped { return mapped }
        let first = folder.path.split(separator: "/").first.map(String.init) ?? ""
        guard (try? CameraName(parsing: first)) != nil else {
            throw .wrong(
                "nobody says whose it is: it lies in no camera's folder, and is not in [store.incoming.cameras]"
            )
        }
        return first
    }

    private func describe(
        _ film: FilmFile,
        _ source: RandomAccessFile,
        _ camera: String,
        _ name: String,
        _ state: FileState,
        _ digest: [UInt8],
        _ isMade: Bool,
        in folder: IncomingFolder
    ) throws -> (Arrival, ForeignFilm) {
        let run: Run
        var (sequence, mediaTime): (Int, Int64) = (0, 0)
        if let own = film.metadata {
            let clock = RunClock.Mapping(offset: own.start.nanoseconds - own.mediaTime, state: own.clock)
            run = Run(identity: own.run, camera: camera, boot: own.boot, clock: clock, source: own.source ?? own.run)
            (sequence, mediaTime) = (own.sequence, own.mediaTime)
        } else {
            let start = start(of: film, name, state, in: folder)
            run = Run(identity: makeIdentity(), camera: camera, boot: "", clock: .init(offset: 0, state: .captured))
            mediaTime = start.nanoseconds
        }
        let start = run.clock.wallTime(of: mediaTime)
        let arrival = Arrival(camera: camera, span: start..<start + film.length, clock: run.clock.state)
        let foreign = ForeignFilm(
            file: source,
            digest: isMade ? try source.sha256() : digest,
            arrival: digest,
            camera: camera,
            run: run,
            sequence: sequence,
            mediaTime: mediaTime,
            end: film.end
        )
        return (arrival, foreign)
    }

    /// By its name, else by what is in it, else by when it was written.
    private func start(of film: FilmFile, _ name: String, _ state: FileState, in folder: IncomingFolder) -> UTCTime {
        func told(_ time: UTCTime, _ how: String) -> UTCTime {
            Log.write(.info, "\(folder.child(name).printable) begins at \(time.rfc3339) by \(how)", budget: "intake")
            return time
        }
        if let time = FilmTime.inName(name) { return told(time, "its name") }
        if let time = FilmTime.inHeader(secondsSince1904: film.created, before: .now) {
            return told(time, "what is in it")
        }
        return told(max(state.written - film.length, UTCTime(nanoseconds: 0)), "the time when it was written")
    }

    // MARK: What cannot be taken in

    /// Moves a file aside, and writes beside it why: it is never deleted.
    private func reject(
        _ name: String,
        _ state: FileState,
        in folder: IncomingFolder,
        _ reason: String
    ) throws(FileError) {
        let root = try IncomingFolder(root: settings.directory)
        guard mkdirat(root.descriptor, Intake.asideName, 0o750) == 0 || errno == EEXIST else {
            throw FileError("make the folder", Intake.asideName)
        }
        let aside = try IncomingFolder(Intake.asideName, in: root)
        guard folder.look(name) == state else { return }
        // With what is added to it no name becomes too long.
        var short = name
        while short.utf8.count > 200 { short.removeLast() }
        var free = short
        var number = 1
        while aside.look(free) != nil {
            free = "\(number)-\(short)"
            number += 1
        }
        guard renameat(folder.descriptor, name, aside.descriptor, free) == 0 else {
            throw FileError("set aside", folder.child(name))
        }
        try folder.remove("\(name).sha256")
        status.rejected += 1
        Log.write(
            .warning,
            "\(folder.child(name).printable) is not taken in, and set aside as \(Intake.asideName)/\(free.printable): \(reason)",
            budget: "intake"
        )
        let text = "\(folder.child(name))\n\(reason)\n"
        let file = openat(
            aside.descriptor,
            "\(free).reason.txt",
            O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
            0o640
        )
        guard file >= 0 else { throw FileError("write", "\(Intake.asideName)/\(free).reason.txt") }
        defer { close(file) }
        guard write(file, text, text.utf8.count) == text.utf8.count else {
            throw FileError("write", "\(Intake.asideName)/\(free).reason.txt")
        }
    }

    /// Of each matter once.
    private func say(_ text: String) {
        guard said.count < Self.mostRemembered, said.insert(text).inserted else { return }
        Log.write(.warning, text.printable, budget: "intake")
    }
}

extension String {
    /// On one line of a log, whatever is in it.
    fileprivate var printable: String {
        let text = unicodeScalars.map { $0.value < 32 || $0.value == 127 ? "\u{FFFD}" : String($0) }.joined()
        return text.count > 500 ? "\(text.prefix(500))…" : text
    }
}

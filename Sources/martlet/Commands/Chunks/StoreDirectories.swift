// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import Glibc

extension Arguments {
    /// The directories of the chunk stores that a command is about: `--directory`, else those of the configuration.
    ///
    /// At least one; none that holds no store.
    func storeDirectories(_ terminal: Terminal) -> Result<[String], ExitFailure> {
        let directories: [String]
        switch namedDirectories(terminal) {
        case .success(let found): directories = found
        case .failure(let failure): return .failure(failure)
        }
        let stores = directories.filter { access(ChunkStore.indexPath(in: $0), F_OK) == 0 }
        guard stores.isEmpty else { return .success(stores) }
        terminal.complain(
            "there is no chunk store in \(directories.joined(separator: " and ")): nothing was recorded there yet"
        )
        return .failure(ExitFailure(status: .wrong))
    }

    /// The same, whether anything was recorded there or not.
    func namedDirectories(_ terminal: Terminal) -> Result<[String], ExitFailure> {
        if let directory = self["directory"] { return .success([directory]) }
        let loaded: Loaded
        do throws(Unreadable) { loaded = try Configuration.load(path: configurationPath) } catch {
            terminal.complain("\(error.description); or name a store with --directory")
            return .failure(ExitFailure(status: .wrongUse))
        }
        guard let configuration = loaded.configuration else {
            terminal.complain(
                "\(configurationPath) has mistakes; see 'martlet check', or name a store with --directory"
            )
            return .failure(ExitFailure(status: .wrongUse))
        }
        let directories = [configuration.camera?.recording.directory, configuration.store?.recording.directory]
        return .success(directories.compactMap { $0 })
    }

    /// The span that `--from` and `--to` name; from the beginning of time to its end without them.
    func span(now: UTCTime, _ terminal: Terminal) -> Result<Range<UTCTime>, ExitFailure> {
        var ends = [UTCTime(nanoseconds: .min / 2), UTCTime(nanoseconds: .max / 2)]
        for (index, option) in ["from", "to"].enumerated() {
            guard let text = self[option] else { continue }
            guard let time = UserTime.parse(text, now: now) else {
                terminal.complain("--\(option) '\(text)' is no time: write \(UserTime.forms)")
                return .failure(ExitFailure(status: .wrongUse))
            }
            ends[index] = time
        }
        guard ends[0] < ends[1] else {
            terminal.complain("--from \(ends[0].local) is not before --to \(ends[1].local)")
            return .failure(ExitFailure(status: .wrongUse))
        }
        return .success(ends[0]..<ends[1])
    }
}

/// The chunks that a command is about, in one store.
struct SelectedChunks: Sendable {
    let directory: String
    let chunks: [Chunk]
    /// What of them is to be shown.
    let showings: [Showing]

    /// Asks the indices of all stores; says what is wrong if the camera is unknown.
    static func find(
        _ arguments: Arguments,
        camera: String?,
        now: UTCTime,
        _ terminal: Terminal
    ) async -> Result<[SelectedChunks], ExitFailure> {
        let directories: [String]
        let span: Range<UTCTime>
        switch (arguments.storeDirectories(terminal), arguments.span(now: now, terminal)) {
        case (.failure(let failure), _), (_, .failure(let failure)): return .failure(failure)
        case (.success(let found), .success(let range)): (directories, span) = (found, range)
        }
        do {
            var found: [SelectedChunks] = []
            var cameras: Set<String> = []
            for directory in directories {
                let index = try ChunkIndex(path: ChunkStore.indexPath(in: directory), readOnly: true)
                cameras.formUnion(try await index.cameras())
                let chunks = try await index.chunks(camera: camera, from: span.lowerBound, to: span.upperBound)
                let showings = try await index.showings(camera: camera, from: span.lowerBound, to: span.upperBound)
                found.append(SelectedChunks(directory: directory, chunks: chunks, showings: showings))
            }
            if let camera, !cameras.contains(camera) {
                let hint =
                    nearest(camera, among: cameras.sorted()).map { "; did you mean '\($0)'?" }
                    ?? (cameras.isEmpty ? "" : "; there are \(cameras.sorted().joined(separator: ", "))")
                terminal.complain("nothing was recorded of a camera '\(camera)'\(hint)")
                return .failure(ExitFailure(status: .wrong))
            }
            return .success(found)
        } catch {
            terminal.complain("\(error)")
            return .failure(ExitFailure(status: .wrong))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import GLib
internal import Glibc

/// `martlet chunks list`: what the index of a store holds.
@MainLoop enum ChunksListCommand {
    static func run(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        let directories: [String]
        switch storeDirectories(arguments, terminal) {
        case .success(let found): directories = found
        case .failure(let failure): return failure.status
        }
        var chunks: [ListedChunk] = []
        let stores = directories.filter { access(ChunkStore.indexPath(in: $0), F_OK) == 0 }
        guard !stores.isEmpty else {
            let places = directories.joined(separator: " and ")
            terminal.complain("there is no chunk store in \(places): nothing was recorded there yet")
            return .wrong
        }
        for directory in stores {
            let path = ChunkStore.indexPath(in: directory)
            do {
                let index = try ChunkIndex(path: path, readOnly: true)
                for chunk in try await index.chunks(camera: arguments.operands.first) {
                    chunks.append(ListedChunk(chunk, directory: directory))
                }
            } catch {
                terminal.complain("\(error)")
                return .wrong
            }
        }
        if arguments.has("json") {
            do { terminal.print(try JSON.text(["chunks": chunks])) } catch {
                terminal.complain("the list cannot be written as JSON: \(error)")
                return .wrong
            }
        } else {
            let header = ["camera", "start", "length", "size", "frames", "state", "file"]
            for line in Columns.lines([header] + chunks.map(\.columns), alignedRight: [2, 3, 4]) {
                terminal.print(line)
            }
        }
        return .done
    }

    private static func storeDirectories(_ arguments: Arguments, _ terminal: Terminal) -> Result<[String], ExitFailure>
    {
        if let directory = arguments["directory"] { return .success([directory]) }
        let loaded: Loaded
        do throws(Unreadable) { loaded = try Configuration.load(path: arguments.configurationPath) } catch {
            terminal.complain("\(error.description); or name a store with --directory")
            return .failure(ExitFailure(status: .wrongUse))
        }
        guard let configuration = loaded.configuration else {
            terminal.complain(
                "\(arguments.configurationPath) has mistakes; see 'martlet check', or name a store with --directory"
            )
            return .failure(ExitFailure(status: .wrongUse))
        }
        let directories = [configuration.camera?.recording.directory, configuration.store?.recording.directory]
        return .success(directories.compactMap { $0 })
    }
}

/// One chunk as it is shown.
private struct ListedChunk: Encodable, Sendable {
    let chunk: Chunk
    let file: String

    init(_ chunk: Chunk, directory: String) {
        self.chunk = chunk
        file = "\(directory)/\(chunk.path)"
    }

    private var seconds: Double { chunk.duration / .seconds(1) }

    var columns: [String] {
        let milliseconds = Int((seconds * 1000).rounded())
        let minutes = milliseconds / 60_000
        let rest =
            "\(milliseconds / 1000 % 60)".leftPadded(to: 2, with: "0") + "."
            + "\(milliseconds % 1000)".leftPadded(to: 3, with: "0")
        let megabytes = (chunk.bytes + 50_000) / 100_000
        return [
            chunk.camera, chunk.start.local, "\(minutes):\(rest)", "\(megabytes / 10).\(megabytes % 10) MB",
            String(chunk.frames), "complete", file,
        ]
    }

    private enum CodingKeys: String, CodingKey {
        case id, camera, run, sequence, start, length, size, frames, state, file
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(chunk.id, forKey: .id)
        try container.encode(chunk.camera, forKey: .camera)
        try container.encode(chunk.run, forKey: .run)
        try container.encode(chunk.sequence, forKey: .sequence)
        try container.encode(chunk.start.rfc3339, forKey: .start)
        try container.encode(seconds, forKey: .length)
        try container.encode(chunk.bytes, forKey: .size)
        try container.encode(chunk.frames, forKey: .frames)
        try container.encode("complete", forKey: .state)
        try container.encode(file, forKey: .file)
    }
}

// SPDX-License-Identifier: Apache-2.0
package import Footage
internal import ISOBaseMedia

/// A real recording, operation by operation: what was on its disk at every moment, and what it had promised by then.
package struct JournaledRecording: Sendable {
    /// One chunk of it.
    package struct File: Sendable {
        package let name: ChunkName
        /// Place in the journal at which it was created.
        package let opened: Int
        /// Where the file got its final name.
        package var renamed: Int?
        /// Where the recorder said that it was complete.
        package var completed: Int?
        /// Where its deletion reached the file.
        package var deleted: Int?
        /// As it was when it was complete.
        package var bytes: [UInt8] = []
        /// Its samples, with their bytes.
        package var samples: [ArraySlice<UInt8>] = []
        /// How many frames the recording had before it.
        package var firstFrame = 0
    }

    package let writer: Writer
    package let entries: [DiskJournal.Entry]
    package var files: [File] = []
    /// When the recorder got each frame, in nanoseconds of the monotonic clock.
    package let fed: [Int64]
    /// How long the disk ever took to sync.
    package private(set) var longestSync: Int64 = 0

    /// What puts the frames into files: Martlet itself, or GStreamer as a user may have it.
    package enum Writer: String, CaseIterable, Sendable { case martlet, splitmuxsink }

    /// One for all tests: making it takes its time.
    package static let shared = Task { try await make(chunks: 9, by: .martlet) }
    private static let bySplitmuxsink = Task { try await make(chunks: 9, by: .splitmuxsink) }

    /// One for all tests of each writer.
    package static func shared(by writer: Writer) async throws -> JournaledRecording {
        switch writer {
        case .martlet: try await shared.value
        case .splitmuxsink: try await bySplitmuxsink.value
        }
    }

    /// Records with the real recorder: chunks of 2 s, most of them deleted again to make room.
    package static func make(chunks: Int, by writer: Writer) async throws -> JournaledRecording {
        let scratch = try ScratchDirectory(inMemory: true)
        try scratch.makeFolder("store")
        let directory = scratch("store")
        let result = try await run(
            [try Product.program("TestProbe"), "record", directory, String(chunks), "2900000", writer.rawValue],
            environment: try DiskJournal.environment(below: directory, journal: scratch("journal"))
        )
        guard result.status == 0 else { throw CommandFailure(description: result.errors) }
        return try JournaledRecording(DiskJournal(scratch("journal"), below: directory), by: writer)
    }

    package init(_ journal: DiskJournal, by writer: Writer) throws {
        self.writer = writer
        entries = journal.entries
        fed = entries.filter { $0.kind == .said && $0.text == "fed\n" }.map(\.time)
        var begun: [Int: Int64] = [:]
        var disk = SimulatedDisk()
        for (place, entry) in entries.enumerated() {
            disk.apply(entry)
            switch entry.kind {
            case .syncBegin: begun[entry.offset] = entry.time
            case .syncEnd: longestSync = max(longestSync, entry.time - (begun[entry.offset] ?? entry.time))
            case .create:
                guard let name = ChunkName(path: entry.path), entry.path == name.openPath else { continue }
                files.append(File(name: name, opened: place))
            case .rename: edit(entry.other) { $0.renamed = place }
            case .truncate, .unlink: edit(entry.path) { if $0.deleted == nil { $0.deleted = place } }
            case .said:
                guard let match = entry.text.firstMatch(of: #/chunk (\S+\.mp4) is complete/#) else { continue }
                for index in files.indices where files[index].name.file == match.1 {
                    files[index].completed = place
                    files[index].bytes = disk.bytes(at: files[index].name.path) ?? []
                }
            default: break
            }
        }
        var frames = 0
        for index in files.indices {
            let bytes = files[index].bytes
            files[index].firstFrame = frames
            files[index].samples = try SampleTable(bytes).samples.map {
                bytes[Int($0.range.lowerBound)..<Int($0.range.upperBound)]
            }
            frames += files[index].samples.count
        }
    }

    private mutating func edit(_ path: String, _ change: (inout File) -> Void) {
        for index in files.indices where files[index].name.path == path { change(&files[index]) }
    }

    /// Every place around the end of each chunk: from before its final index is synced until after it is said to be complete.
    package var placesAroundClosings: [Int] {
        var places: Set<Int> = []
        for file in files {
            guard let renamed = file.renamed, let completed = file.completed else { continue }
            let node = entries[file.opened].node
            let sync = entries[..<renamed].lastIndex {
                $0.kind == .syncBegin && $0.node == node && $0.isDataSync
            }
            places.formUnion(max(0, (sync ?? renamed) - 6)...min(entries.count, completed + 4))
        }
        return places.sorted()
    }

    /// The syncs after which a closing chunk's old index is broken.
    package var syncsBeforePatches: Set<Int> {
        var numbers: Set<Int> = []
        var sizes: [UInt64: Int] = [:]
        var lastSync: [UInt64: Int] = [:]
        for entry in entries where entry.path.hasSuffix(".open.mp4") {
            switch entry.kind {
            case .create: sizes[entry.node] = 0
            case .syncEnd: lastSync[entry.node] = entry.offset
            case .write:
                if entry.offset < sizes[entry.node] ?? 0, let sync = lastSync[entry.node] { numbers.insert(sync) }
                sizes[entry.node] = max(sizes[entry.node] ?? 0, entry.offset + entry.data.count)
            default: break
            }
        }
        return numbers
    }
}

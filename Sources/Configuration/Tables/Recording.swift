// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// `[camera.recording]` and `[store.recording]`: how feeds become chunks, and how much of them is kept.
    package struct Recording: Equatable, Sendable {
        package let enabled: Bool
        /// The absolute path of the chunk store.
        package let directory: String
        /// How long a chunk is; it is cut on the wall clock.
        package let chunkDuration: Duration
        /// The size at which a chunk is cut earlier, if there is one.
        package let chunkSize: ByteCount?
        /// What the directory may hold at most; `nil` is whatever `minFree` leaves.
        package let maxSpace: ByteCount?
        /// What is left free on the file system; `nil` is the larger of 1 GB and 5 %, at most a tenth of the disk.
        package let minFree: ByteCount?
        /// How old a chunk may become, if there is a limit.
        package let maxAge: Duration?
        /// How much of the newest footage a power cut may cost.
        package let syncInterval: Duration
    }
}

extension Configuration.Recording {
    /// Reads the table of either role; they differ in the default of `directory`.
    init(reading table: TableReader, directory default: String) {
        enabled = table.value("enabled", .bool, default: true, "Whether to record at all.")
        directory = table.value("directory", .directory, default: `default`, "Where the chunks are.")
        chunkDuration = table.value("chunk-duration", .chunk, default: .minutes(10), "How long a chunk is.")
        chunkSize = table.value("chunk-size", .orNone(.chunkSize), default: nil, "Cuts a chunk earlier, at this size.")
        maxSpace = table.value("max-space", .orNone(.space), default: nil, "Hard limit to the directory.")
        minFree = table.optional("min-free", .free, absent: Self.freeSpace, "Left free on the file system.")
        maxAge = table.value("max-age", .orNone(.age), default: nil, "Older chunks are removed.")
        syncInterval = table.value("sync-interval", .sync, default: .seconds(1), "What a power cut may cost.")
    }

    private static let freeSpace = "the larger of 1 GB and 5 %, at most a tenth of the disk"
}

extension Format<Duration> {
    fileprivate static var chunk: Format { .duration(in: .seconds(10) ... .minutes(60)) }
    fileprivate static var age: Format { .duration(in: .minutes(1) ... .days(36500)) }
    fileprivate static var sync: Format { .duration(in: .milliseconds(100) ... .minutes(1)) }
}

extension Format<ByteCount> {
    fileprivate static var chunkSize: Format { .size(in: .megabytes(1) ... .gigabytes(1000)) }
    fileprivate static var free: Format { .size(in: .megabytes(0) ... .gigabytes(1_000_000)) }
}

extension Format<ByteCount> {
    /// What a directory of chunks may hold.
    static var space: Format { .size(in: .megabytes(10) ... .gigabytes(1_000_000)) }
}

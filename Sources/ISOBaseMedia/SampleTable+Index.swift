// SPDX-License-Identifier: Apache-2.0

extension SampleTable {
    /// The index of a file without its media: one `moov`, whose places are those in the file.
    ///
    /// Of a growing file it is that of what was complete when it was read.
    ///
    /// - Throws: ``MovieWriter/Refused``.
    package func index(created: Int64) throws(MovieWriter.Refused) -> [UInt8] {
        try MovieWriter(self, created: created).movie()
    }

    /// Reads what ``index(created:)`` made of a file that has so many bytes.
    ///
    /// - Throws: ``ReadError``.
    package init(index: [UInt8], ofFileWith byteCount: UInt64) throws(ReadError<Never>) {
        try self.init(Index(bytes: index, size: byteCount))
    }

    /// A file of which nothing is here but its index.
    private struct Index: ByteSource {
        typealias Failure = Never

        let bytes: [UInt8]
        let size: UInt64

        func byteCount() -> UInt64 { max(size, UInt64(bytes.count)) }
        func read(_ range: Range<UInt64>) -> [UInt8] { bytes.read(range) }
    }
}

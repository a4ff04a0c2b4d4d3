// SPDX-License-Identifier: Apache-2.0

/// Writes a file whose samples come group by group, and which plays at any time up to the last of them
/// (ISO/IEC 14496-12, 8.1.1 and 8.8).
///
/// While it grows it is fragmented: a head, and then a fragment a group. At its end it becomes a plain file, by one `moov`
/// that is appended and the header of one `mdat` over everything before that.
package struct PiecewiseFile: Sendable {
    /// Where all samples lie in the file that they come from.
    private let source: SampleTable
    private var movie: MovieWriter
    private var fragments: UInt32 = 0
    /// How long the file is.
    private var length: UInt64 = 0

    /// Room for the header of an `mdat` of any size.
    private static let roomSize = 16

    /// Of the samples that are to come, as the file that they come from has them, in order and beginning with a keyframe.
    ///
    /// `created` is when the first was filmed, in nanoseconds since 1970, UTC.
    package init(_ source: SampleTable, created: Int64) {
        self.source = source
        movie = MovieWriter(source, created: created)
        movie.samples = []
    }

    /// How many samples were written.
    package var frames: Int { movie.samples.count }

    /// The beginning of the file, before the first group.
    package mutating func head() -> [UInt8] {
        var writer = ByteWriter()
        let head = SegmentWriter(source).initialisation
        let type = Int(UInt32(bigEndian: head.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }))
        writer.append(Array(head[..<type]))
        room = UInt64(type)
        writer.box("free") { $0.zeros(Self.roomSize - 8) }
        writer.append(Array(head[type...]))
        length = UInt64(writer.bytes.count)
        return writer.bytes
    }

    private var room: UInt64 = 0

    /// What goes before the bytes of the next so many samples, which are to follow it.
    package mutating func fragment(of count: Int) -> [UInt8] {
        let next = movie.samples.count..<movie.samples.count + count
        fragments += 1
        let head = SegmentWriter(source).head(of: Array(next), number: fragments)
        var offset = length + UInt64(head.count)
        for sample in source.samples[next] {
            var sample = sample
            sample.offset = offset
            offset += UInt64(sample.size)
            movie.samples.append(sample)
        }
        length = offset
        return head
    }

    /// What is appended at the end, and what is written over the head once that is there.
    ///
    /// - Throws: ``MovieWriter/Refused`` if there is no sample.
    package func end() throws(MovieWriter.Refused) -> (appended: [UInt8], patch: Patch) {
        (try movie.movie(), Patch(offset: room, bytes: BoxHeader.mediaData(size: length - room, isLarge: true)))
    }
}

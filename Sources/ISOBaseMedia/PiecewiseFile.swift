// SPDX-License-Identifier: Apache-2.0

/// Writes a file whose samples come some at a time, and which plays at any time up to the last of them
/// (ISO/IEC 14496-12, 8.1.1 and 8.8).
///
/// While it grows it is fragmented: a head, and then a fragment for each piece. At its end it becomes a plain file, by one
/// `moov` that is appended and the header of one `mdat` over everything before that.
package struct PiecewiseFile: Sendable {
    private let fragments: FragmentWriter
    private let created: Int64
    private let edit: EditList?
    private var written = WrittenSamples()
    private var count: UInt32 = 0
    private var room: UInt64 = 0
    /// How long the file is.
    package private(set) var length: UInt64 = 0

    /// Room for the header of an `mdat` of any size.
    private static let roomSize = 16

    /// For samples that another file has, in order and beginning with a keyframe.
    ///
    /// `created` is when the first was filmed, in nanoseconds since 1970, UTC.
    package init(_ source: SampleTable, created: Int64) {
        fragments = FragmentWriter(timescale: source.timescale, description: source.description, edit: source.edit)
        (self.created, edit) = (created, source.edit)
    }

    /// For samples that are filmed as they are written, the first of which is a keyframe.
    ///
    /// `timescale` is how many units of time there are in a second.
    package init(_ description: SampleDescription, timescale: UInt32, created: Int64) {
        fragments = FragmentWriter(timescale: timescale, description: description, edit: EditList())
        (self.created, edit) = (created, nil)
    }

    /// How many samples were written.
    package var frames: Int { written.count }

    /// The beginning of the file, before the first piece.
    package mutating func head() -> [UInt8] {
        var writer = ByteWriter()
        let head = fragments.initialisation
        let type = Int(UInt32(bigEndian: head.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }))
        writer.append(Array(head[..<type]))
        room = UInt64(type)
        writer.box("free") { $0.zeros(Self.roomSize - 8) }
        writer.append(Array(head[type...]))
        length = UInt64(writer.bytes.count)
        return writer.bytes
    }

    /// What goes before the bytes of the next samples, which are to follow it; where they lie elsewhere is of no interest.
    package mutating func fragment(of samples: [MediaSample]) -> [UInt8] {
        count += 1
        let head = fragments.head(of: samples, number: count)
        length += UInt64(head.count)
        written.append(samples, at: length)
        length += samples.reduce(0) { $0 + UInt64($1.size) }
        return head
    }

    /// What is appended at the end, and what is written over the head once that is there.
    ///
    /// - Throws: ``MovieWriter/Refused`` if there is no sample.
    package func end() throws(MovieWriter.Refused) -> (appended: [UInt8], patch: Patch) {
        var movie = MovieWriter(timescale: fragments.timescale, created: created)
        movie.edit = edit
        _ = try movie.add(fragments.description)
        movie.samples = written.samples
        return (try movie.movie(), Patch(offset: room, bytes: BoxHeader.mediaData(size: length - room, isLarge: true)))
    }
}

/// The samples of a file that grows, in a fifth of the room that a list of them takes: an hour's are in memory until it ends.
private struct WrittenSamples: Sendable {
    private var sizes: [UInt32] = []
    private var durations = Runs<UInt32>()
    private var offsets = Runs<Int32>()
    private var descriptions = Runs<UInt16>()
    private var keyframes: [UInt32] = []
    /// Where each piece begins, and with which sample.
    private var pieces: [(offset: UInt64, first: Int)] = []
    private var start: UInt64 = 0

    var count: Int { sizes.count }

    /// Takes samples that lie one behind the other.
    mutating func append(_ samples: [MediaSample], at offset: UInt64) {
        if sizes.isEmpty, let first = samples.first { start = first.decodeTime }
        pieces.append((offset, sizes.count))
        for sample in samples {
            if sample.isSync { keyframes.append(UInt32(sizes.count)) }
            sizes.append(sample.size)
            durations.append(sample.duration)
            offsets.append(sample.compositionOffset)
            descriptions.append(sample.description)
        }
    }

    var samples: [MediaSample] {
        var samples: [MediaSample] = []
        samples.reserveCapacity(count)
        let (durations, offsets) = (durations.all, offsets.all)
        let descriptions = descriptions.all
        var (time, offset) = (start, 0 as UInt64)
        var (piece, keyframe) = (0, 0)
        for (index, size) in sizes.enumerated() {
            if piece < pieces.count, pieces[piece].first == index {
                offset = pieces[piece].offset
                piece += 1
            }
            let isSync = keyframe < keyframes.count && keyframes[keyframe] == index
            if isSync { keyframe += 1 }
            samples.append(
                MediaSample(
                    offset: offset,
                    size: size,
                    decodeTime: time,
                    duration: durations[index],
                    compositionOffset: offsets[index],
                    isSync: isSync,
                    description: descriptions[index]
                )
            )
            time += UInt64(durations[index])
            offset += UInt64(size)
        }
        return samples
    }
}

extension Runs {
    /// Each value as often as it comes.
    fileprivate var all: [Value] { runs.flatMap { repeatElement($0.value, count: Int($0.count)) } }
}

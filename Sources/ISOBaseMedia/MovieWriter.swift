// SPDX-License-Identifier: Apache-2.0

/// Makes the `moov` of a file with one video track (ISO/IEC 14496-12, 8.2 to 8.7).
package struct MovieWriter: Sendable {
    /// Units of time in a second.
    package let timescale: UInt32
    /// When the file was recorded, in nanoseconds since 1970, UTC.
    package var created: Int64
    /// When the samples are shown; if `nil`, from the first that is shown on.
    package var edit: EditList?
    /// The samples, where they lie in the file that the `moov` is for, in the order they are decoded in.
    ///
    /// The track begins with the first one's ``MediaSample/decodeTime``, whatever it is; each lasts until the next one's.
    package var samples: [MediaSample] = []
    /// The sample entries, to which ``MediaSample/description`` refers.
    package private(set) var entries: [[UInt8]] = []

    /// Size of the picture in pixels, at the largest.
    private var (width, height) = (0, 0)

    /// Why there can be no such `moov`.
    package enum Refused: Error, Equatable {
        /// Without samples there is nothing to write down.
        case noSamples
        /// A sample refers to an entry that there is not.
        case noDescription(sample: Int)
        /// A sample is decoded before the one that precedes it, or more than 2^32 units behind it.
        case timeOutOfOrder(sample: Int)
        /// More samples or more entries than there may be.
        case tooMany
    }

    package init(timescale: UInt32, created: Int64) {
        self.timescale = timescale
        self.created = created
    }

    /// A movie of what a table has.
    package init(_ table: SampleTable, created: Int64) {
        self.init(timescale: table.timescale, created: created)
        edit = table.edit
        samples = table.samples
        entries = table.description.entries
        (width, height) = (table.width, table.height)
    }

    /// Adds what samples may be, and returns what to add to their ``MediaSample/description``.
    ///
    /// What was added before, last, is not added again.
    ///
    /// - Throws: ``Refused/tooMany``.
    package mutating func add(_ description: SampleDescription) throws(Refused) -> UInt16 {
        (width, height) = (max(width, description.width), max(height, description.height))
        let new = description.lastingEntries
        if entries.count >= new.count, !new.isEmpty {
            let start = (0...entries.count - new.count).first { start in
                entries[start..<start + new.count].elementsEqual(new)
            }
            if let start { return UInt16(start) }
        }
        let start = entries.count
        guard start + new.count <= UInt16.max else { throw .tooMany }
        entries += new
        return UInt16(start)
    }

    /// The whole `moov`.
    ///
    /// - Throws: ``Refused``.
    package func movie() throws(Refused) -> [UInt8] {
        let times = try sampleTimes()
        let edit = edit ?? EditList(mediaStart: UInt64(max(times.start, 0)))
        // What is shown ends with the frame that is shown last, of whatever the edit list leaves.
        let shown = edit.delay + UInt64(max(times.end - Int64(edit.mediaStart), 0))
        let header = HeaderTimes(
            created: UInt64(max(created / 1_000_000_000 + 2_082_844_800, 0)),
            timescale: timescale,
            shown: shown,
            media: times.media
        )
        var writer = ByteWriter()
        writer.box("moov") { movie in
            header.writeMovieHeader(&movie)
            movie.box("trak") { track in
                header.writeTrackHeader(&track, width: width, height: height)
                if edit != EditList() { header.write(edit, &track) }
                track.box("mdia") { media in
                    header.writeMediaHeader(&media)
                    writeHandler(&media)
                    media.box("minf") { information in
                        writeDataInformation(&information)
                        information.box("stbl") { table in writeTable(&table, deltas: times.deltas) }
                    }
                }
            }
        }
        return writer.bytes
    }

    /// How long each sample lasts; when the first is shown and the last no longer is, from the track's beginning.
    private func sampleTimes() throws(Refused) -> (deltas: Runs<UInt32>, start: Int64, end: Int64, media: UInt64) {
        guard let first = samples.first else { throw .noSamples }
        guard samples.count <= SampleTableBox.maximum else { throw .tooMany }
        var deltas = Runs<UInt32>()
        var (start, end) = (Int64.max, Int64.min)
        var media: UInt64 = 0
        for (index, sample) in samples.enumerated() {
            guard Int(sample.description) < entries.count else { throw .noDescription(sample: index) }
            var duration = sample.duration
            if index + 1 < samples.count {
                let next = samples[index + 1].decodeTime
                guard next >= sample.decodeTime, let delta = UInt32(exactly: next - sample.decodeTime) else {
                    throw .timeOutOfOrder(sample: index + 1)
                }
                duration = delta
            }
            deltas.append(duration)
            let shown = Int64(sample.decodeTime - first.decodeTime) + Int64(sample.compositionOffset)
            start = min(start, shown)
            end = max(end, shown + Int64(duration))
            media += UInt64(duration)
        }
        return (deltas, start, end, media)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Makes segments of a file's samples for players that take them piece by piece (ISO/IEC 14496-12, 8.8; W3C, "ISO BMFF
/// Byte Stream Format").
///
/// The file itself stays as it is: a segment is a head of its own, behind which its samples' bytes are copied.
package struct SegmentWriter: Sendable {
    private let table: SampleTable

    package init(_ table: SampleTable) { self.table = table }

    /// The initialisation segment: what the samples are, and none of them.
    package var initialisation: [UInt8] {
        var writer = ByteWriter()
        writer.box("ftyp") { box in
            box.number(("iso5" as FourCC).rawValue)
            box.number(UInt32(512))
            for brand in ["iso5", "iso6", "mp41"] as [FourCC] { box.number(brand.rawValue) }
        }
        let header = HeaderTimes(created: 0, timescale: table.timescale, shown: 0, media: 0)
        let movie = MovieWriter(table, created: 0)
        writer.box("moov") { box in
            header.writeMovieHeader(&box)
            box.box("trak") { track in
                header.writeTrackHeader(&track, width: table.width, height: table.height)
                track.box("mdia") { media in
                    header.writeMediaHeader(&media)
                    movie.writeHandler(&media)
                    media.box("minf") { information in
                        movie.writeDataInformation(&information)
                        information.box("stbl") { writeEmptyTable(&$0, table.description.lastingEntries) }
                    }
                }
            }
            box.box("mvex") { extends in
                // Track, sample entry, and no defaults: each fragment says its own.
                extends.fullBox("trex") { box in
                    for number in [1, 1, 0, 0, 0] as [UInt32] { box.number(number) }
                }
            }
        }
        return writer.bytes
    }

    private func writeEmptyTable(_ table: inout ByteWriter, _ entries: [[UInt8]]) {
        table.table("stsd", entries) { $0.append($1) }
        for type in ["stts", "stsc", "stco"] as [FourCC] { table.fullBox(type) { $0.number(UInt32(0)) } }
        table.fullBox("stsz") { $0.zeros(8) }
    }

    /// What goes before the bytes of `samples`, which are places in ``SampleTable/samples``, in order, all of one
    /// description: a `moof` and the header of its `mdat`.
    ///
    /// Its times count from the beginning of the file's presentation. Between samples that are not neighbours the earlier
    /// one lasts until the later, and the last until the one at `lasting`, which may be the end. `number` counts the
    /// segments of a player. `start` is where the file's presentation begins among others, in units of the timescale.
    package func head(of samples: [Int], lasting: Int? = nil, number: UInt32 = 1, start: UInt64 = 0) -> [UInt8] {
        guard let last = samples.last else { return [] }
        var chosen = samples.map { table.samples[$0] }
        if let lasting, lasting > last {
            let before = table.samples[lasting - 1]
            let end = before.decodeTime + UInt64(before.duration)
            chosen[chosen.count - 1].duration = UInt32(clamping: end - table.samples[last].decodeTime)
        }
        for index in chosen.indices { chosen[index].decodeTime += start }
        let bytes = chosen.reduce(0) { $0 + Int($1.size) }
        // The data's place counts from the beginning of the `moof`, whose length does not depend on it.
        let length = fragment(chosen, number, dataOffset: 0).count
        var writer = ByteWriter()
        writer.append(fragment(chosen, number, dataOffset: length + Self.mediaHeaderSize))
        writer.number(UInt32(truncatingIfNeeded: bytes + Self.mediaHeaderSize))
        writer.number(("mdat" as FourCC).rawValue)
        return writer.bytes
    }

    private static let mediaHeaderSize = 8
    /// `sample_depends_on` 2 and no difference sample; 1 and one (8.8.3.1).
    private static let (syncFlags, otherFlags) = (UInt32(0x0200_0000), UInt32(0x0101_0000))

    private func fragment(_ samples: [MediaSample], _ number: UInt32, dataOffset: Int) -> [UInt8] {
        var writer = ByteWriter()
        // Segments have no edit list: what it shifts is in each sample's offset, which may be negative.
        let shift = Int64(table.edit.delay) - Int64(table.edit.mediaStart)
        writer.box("moof") { fragment in
            fragment.fullBox("mfhd") { $0.number(number) }
            fragment.box("traf") { track in
                // A sample entry of its own; data count from the fragment.
                track.fullBox("tfhd", flags: 0x02_0002) { box in
                    box.number(UInt32(1))
                    box.number(UInt32(samples[0].description) + 1)
                }
                track.fullBox("tfdt", version: 1) { $0.number(samples[0].decodeTime) }
                // The data's place, and each sample's duration, size, flags and offset.
                track.fullBox("trun", version: 1, flags: 0xF01) { box in
                    box.number(UInt32(samples.count))
                    box.number(Int32(truncatingIfNeeded: dataOffset))
                    for (index, sample) in samples.enumerated() {
                        let next = index + 1 < samples.count ? samples[index + 1].decodeTime : nil
                        box.number(next.map { UInt32(clamping: $0 - sample.decodeTime) } ?? sample.duration)
                        box.number(sample.size)
                        box.number(sample.isSync ? Self.syncFlags : Self.otherFlags)
                        box.number(Int32(clamping: Int64(sample.compositionOffset) + shift))
                    }
                }
            }
        }
        return writer.bytes
    }
}

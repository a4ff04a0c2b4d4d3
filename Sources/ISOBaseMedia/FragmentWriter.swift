// SPDX-License-Identifier: Apache-2.0

/// Makes what a fragmented file of one track consists of beside its samples' bytes (ISO/IEC 14496-12, 8.8).
struct FragmentWriter: Sendable {
    let timescale: UInt32
    let description: SampleDescription
    /// Fragments have no edit list: what it shifts is in each sample's offset, which may be negative.
    let edit: EditList

    private static let mediaHeaderSize = 8
    /// `sample_depends_on` 2 and no difference sample; 1 and one (8.8.3.1).
    private static let (syncFlags, otherFlags) = (UInt32(0x0200_0000), UInt32(0x0101_0000))

    /// The head of the file: what the samples are, and none of them.
    var initialisation: [UInt8] {
        var writer = ByteWriter()
        writer.box("ftyp") { box in
            box.number(("iso5" as FourCC).rawValue)
            box.number(UInt32(512))
            for brand in ["iso5", "iso6", "mp41"] as [FourCC] { box.number(brand.rawValue) }
        }
        let header = HeaderTimes(created: 0, timescale: timescale, shown: 0, media: 0)
        let movie = MovieWriter(timescale: timescale, created: 0)
        writer.box("moov") { box in
            header.writeMovieHeader(&box)
            box.box("trak") { track in
                header.writeTrackHeader(&track, width: description.width, height: description.height)
                track.box("mdia") { media in
                    header.writeMediaHeader(&media)
                    movie.writeHandler(&media)
                    media.box("minf") { information in
                        movie.writeDataInformation(&information)
                        information.box("stbl") { writeEmptyTable(&$0) }
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

    private func writeEmptyTable(_ table: inout ByteWriter) {
        table.table("stsd", description.lastingEntries) { $0.append($1) }
        for type in ["stts", "stsc", "stco"] as [FourCC] { table.fullBox(type) { $0.number(UInt32(0)) } }
        table.fullBox("stsz") { $0.zeros(8) }
    }

    /// What goes before the bytes of `samples`, all of one description: a `moof` and the header of its `mdat`.
    ///
    /// Each lasts until the next, and the last as it says. Where they lie is of no interest.
    func head(of samples: [MediaSample], number: UInt32) -> [UInt8] {
        guard !samples.isEmpty else { return [] }
        let bytes = samples.reduce(0) { $0 + Int($1.size) }
        var writer = ByteWriter()
        write(samples, number, &writer)
        writer.number(UInt32(truncatingIfNeeded: bytes + Self.mediaHeaderSize))
        writer.number(("mdat" as FourCC).rawValue)
        return writer.bytes
    }

    private func write(_ samples: [MediaSample], _ number: UInt32, _ writer: inout ByteWriter) {
        let shift = Int64(edit.delay) - Int64(edit.mediaStart)
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
                    box.number(Int32(truncatingIfNeeded: Self.headSize(of: samples.count)))
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
    }

    /// How long ``head(of:number:)`` is: `moof`, `mfhd`, `traf`, `tfhd`, `tfdt`, `trun`, and the header behind them.
    static func headSize(of samples: Int) -> Int { 8 + 16 + 8 + 20 + 20 + 20 + 16 * samples + mediaHeaderSize }
}

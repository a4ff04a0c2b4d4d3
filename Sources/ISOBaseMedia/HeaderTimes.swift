// SPDX-License-Identifier: Apache-2.0

/// The times that a movie's headers tell, and those headers (ISO/IEC 14496-12, 8.2.2, 8.3.2, 8.4.2 and 8.6.6).
///
/// The movie has the track's timescale, as mp4mux has it.
struct HeaderTimes {
    /// Seconds since 1904, UTC.
    let created: UInt64
    let timescale: UInt32
    /// How long the presentation is, and the track of it, with its edits.
    let shown: UInt64
    /// How long the media are.
    let media: UInt64

    /// Whether 32 bits are not enough.
    private var isLarge: Bool { max(created, shown, media) > UInt32.max }
    private var version: UInt8 { isLarge ? 1 : 0 }

    func writeMovieHeader(_ movie: inout ByteWriter) {
        movie.fullBox("mvhd", version: version) { box in
            writeDates(&box)
            box.number(timescale)
            box.time(shown, isLarge: isLarge)
            // Rate 1, full volume.
            box.number(UInt32(0x1_0000))
            box.number(UInt16(0x100))
            box.zeros(10)
            writeMatrix(&box)
            box.zeros(24)
            // The next track's identifier.
            box.number(UInt32(2))
        }
    }

    func writeTrackHeader(_ track: inout ByteWriter, width: Int, height: Int) {
        // Enabled, part of the movie and of its preview.
        track.fullBox("tkhd", version: version, flags: 7) { box in
            writeDates(&box)
            box.number(UInt32(1))
            box.zeros(4)
            box.time(shown, isLarge: isLarge)
            box.zeros(16)
            writeMatrix(&box)
            box.number(UInt32(truncatingIfNeeded: width) << 16)
            box.number(UInt32(truncatingIfNeeded: height) << 16)
        }
    }

    func writeMediaHeader(_ mediaBox: inout ByteWriter) {
        mediaBox.fullBox("mdhd", version: version) { box in
            writeDates(&box)
            box.number(timescale)
            box.time(media, isLarge: isLarge)
            // Language `und`, five bits a letter.
            box.number(UInt16(0x55C4))
            box.zeros(2)
        }
    }

    func write(_ edit: EditList, _ track: inout ByteWriter) {
        let isLarge = isLarge || edit.mediaStart > Int32.max
        track.box("edts") { edits in
            let entries =
                (edit.delay > 0 ? [(edit.delay, UInt64.max)] : []) + [(shown - edit.delay, edit.mediaStart)]
            edits.table("elst", version: isLarge ? 1 : 0, entries) { box, entry in
                box.time(entry.0, isLarge: isLarge)
                // What is to be shown of nothing begins at -1.
                box.time(entry.1, isLarge: isLarge)
                box.number(UInt32(0x1_0000))
            }
        }
    }

    private func writeDates(_ box: inout ByteWriter) {
        box.time(created, isLarge: isLarge)
        box.time(created, isLarge: isLarge)
    }

    /// The picture as it is.
    private func writeMatrix(_ box: inout ByteWriter) {
        for number in [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000] as [UInt32] { box.number(number) }
    }
}

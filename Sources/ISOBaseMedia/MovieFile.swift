// SPDX-License-Identifier: Apache-2.0

/// The beginning of a new file whose `moov` comes before its media (ISO/IEC 14496-12, 4.3 and 8.1.1).
///
/// What plays it needs no end of the file first, and whoever writes it knows all of it before there is any of the media.
package enum MovieFile {
    /// Everything before the samples' bytes: `ftyp`, the `moov` of what `movie` has, and the header of the `mdat`.
    ///
    /// The samples lie one behind the other in the file, whatever ``MediaSample/offset`` they have.
    ///
    /// - Throws: ``MovieWriter/Refused``.
    package static func head(of movie: MovieWriter) throws(MovieWriter.Refused) -> [UInt8] {
        var movie = movie
        var length = 0
        // Where the samples are depends on how long the `moov` is, which they make longer once they are far away.
        while true {
            var offset = UInt64(length)
            for index in movie.samples.indices {
                movie.samples[index].offset = offset
                offset += UInt64(movie.samples[index].size)
            }
            var writer = ByteWriter()
            writeType(&writer)
            writer.append(try movie.movie())
            writer.append(BoxHeader.mediaData(size: offset - UInt64(length) + mediaHeaderSize, isLarge: true))
            if writer.bytes.count == length { return writer.bytes }
            length = writer.bytes.count
        }
    }

    private static let mediaHeaderSize: UInt64 = 16

    private static func writeType(_ writer: inout ByteWriter) {
        writer.box("ftyp") { box in
            box.number(("mp42" as FourCC).rawValue)
            box.number(UInt32(0))
            for brand in ["mp42", "mp41", "isom", "iso2"] as [FourCC] { box.number(brand.rawValue) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The beginning of a new file whose `moov` comes last (ISO/IEC 14496-12, 4.3 and 8.1.1).
///
/// Write ``start``, then the samples, then ``end(of:)`` over what is there, then the `moov` of a ``MovieWriter``.
package enum MovieFile {
    /// `ftyp`, and the header of an `mdat` that reaches to the end of the file for now.
    package static let start: [UInt8] = {
        var writer = ByteWriter()
        writer.box("ftyp") { box in
            box.number(("mp42" as FourCC).rawValue)
            box.number(UInt32(0))
            for brand in ["mp42", "mp41", "isom", "iso2"] as [FourCC] { box.number(brand.rawValue) }
        }
        writer.append(BoxHeader.mediaData(size: 0, isLarge: false))
        writer.zeros(8)
        return writer.bytes
    }()

    /// Where the first sample goes.
    package static var mediaStart: UInt64 { UInt64(start.count) }

    /// Gives the `mdat` its size, since the media end here.
    package static func end(of mediaEnd: UInt64) -> Patch {
        let header = mediaStart - 16
        return Patch(
            offset: header,
            bytes: BoxHeader.mediaData(size: max(mediaEnd, mediaStart) - header, isLarge: true)
        )
    }
}

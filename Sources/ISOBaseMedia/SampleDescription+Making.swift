// SPDX-License-Identifier: Apache-2.0

extension SampleDescription {
    /// What an encoder's samples are: one visual sample entry (ISO/IEC 14496-12, 12.1.3; ISO/IEC 14496-15, 5.3.4, 8.4.1).
    ///
    /// `configuration` is the decoder's: the content of `avcC` or `hvcC`. `pixelAspect` is a pixel's width and its height.
    ///
    /// - Throws: ``Malformed`` for a codec that has no such box.
    package init(
        codec: FourCC,
        width: Int,
        height: Int,
        configuration: [UInt8],
        pixelAspect: (horizontal: UInt32, vertical: UInt32) = (1, 1)
    ) throws(Malformed) {
        let type: FourCC = codec == "hvc1" ? "hvcC" : "avcC"
        var writer = ByteWriter()
        writer.table("stsd", [()]) { table, _ in
            table.box(codec) { entry in
                entry.zeros(6)
                // The data are in the file itself.
                entry.number(UInt16(1))
                entry.zeros(16)
                entry.number(UInt16(clamping: width))
                entry.number(UInt16(clamping: height))
                // 72 pixels an inch; one frame a sample; no compressor's name; 24 bits of colour.
                entry.number(UInt32(0x48_0000))
                entry.number(UInt32(0x48_0000))
                entry.zeros(4)
                entry.number(UInt16(1))
                entry.zeros(32)
                entry.number(UInt16(24))
                entry.number(Int16(-1))
                entry.box(type) { $0.append(configuration) }
                if pixelAspect.horizontal != pixelAspect.vertical {
                    entry.box("pasp") { box in
                        box.number(pixelAspect.horizontal)
                        box.number(pixelAspect.vertical)
                    }
                }
            }
        }
        try self.init(writer.bytes)
    }
}

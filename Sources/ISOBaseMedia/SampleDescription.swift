// SPDX-License-Identifier: Apache-2.0

/// What a track's samples are (ISO/IEC 14496-12, 8.5.2): the `stsd` box and what of it we need to know.
package struct SampleDescription: Equatable, Sendable {
    /// The whole box, as it was.
    package let box: [UInt8]
    /// Its sample entries, whole boxes each.
    package let entries: [[UInt8]]
    /// The type of the first entry, such as `avc1`.
    package let codec: FourCC
    /// Size of the picture in pixels, of the first entry.
    package let width: Int
    package let height: Int

    /// Reads a whole `stsd` box.
    ///
    /// - Throws: ``Malformed``, whose offset counts from the beginning of the box.
    package init(_ box: [UInt8]) throws(Malformed) {
        var outside = BoxContent(type: "stsd", headerSize: 0, bytes: box, at: 0)
        guard let content = try outside.nextBox(), content.type == "stsd" else {
            throw outside.malformed("no such box")
        }
        try self.init(content)
    }

    init(_ content: BoxContent) throws(Malformed) {
        box = content.box
        var rest = content
        _ = try rest.versionAndFlags()
        let count = try rest.entryCount(ofSize: 8)
        var entries: [[UInt8]] = []
        var first: (codec: FourCC, width: Int, height: Int)?
        for _ in 0..<count {
            guard var entry = try rest.nextBox() else { throw rest.malformed("cut off") }
            entries.append(entry.box)
            guard first == nil else { continue }
            // A VisualSampleEntry (12.1.3): its size lies behind 24 bytes that say nothing of it.
            try entry.skip(24)
            first = (entry.type, Int(try entry.number(as: UInt16.self)), Int(try entry.number(as: UInt16.self)))
        }
        guard let first, entries.count <= UInt16.max else { throw rest.malformed("\(entries.count) entries") }
        self.entries = entries
        (codec, width, height) = first
    }
}

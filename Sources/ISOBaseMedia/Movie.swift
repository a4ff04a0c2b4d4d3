// SPDX-License-Identifier: Apache-2.0

/// What a `moov` says of the video track of a finished file (ISO/IEC 14496-12, 8.2 to 8.7).
package struct Movie: Equatable, Sendable {
    /// Samples of the track: for us, frames.
    package var frames = 0
    /// Units of ``duration`` in a second.
    package var timescale: UInt32 = 0
    /// Length of the media in units of ``timescale``.
    package var duration: UInt64 = 0
    /// The sample entry's type, such as `avc1`.
    package var codec: FourCC?
    /// Size of the picture in pixels.
    package var width = 0
    package var height = 0

    /// Why bytes are no movie that describes video.
    package enum Malformed: Error, Equatable {
        case truncated(FourCC)
        case noVideoTrack
    }

    /// Reads a whole `moov` box, header included.
    package init(_ bytes: UnsafeRawBufferPointer) throws(Malformed) {
        var found: Movie?
        try Self.forEachBox(in: bytes) { (type, moov) throws(Malformed) in
            guard type == "moov" else { return }
            try Self.forEachBox(in: moov) { (type, track) throws(Malformed) in
                guard type == "trak", found == nil else { return }
                var candidate = Movie()
                if try candidate.readTrack(track) { found = candidate }
            }
        }
        guard let found else { throw .noVideoTrack }
        self = found
    }

    private init() {}

    /// Length of the media.
    package var length: Duration {
        guard timescale > 0 else { return .zero }
        let (seconds, rest) = duration.quotientAndRemainder(dividingBy: UInt64(timescale))
        return .seconds(Int64(clamping: seconds)) + .nanoseconds(Int64(rest * 1_000_000_000 / UInt64(timescale)))
    }

    /// Returns whether the track is video.
    private mutating func readTrack(_ track: UnsafeRawBufferPointer) throws(Malformed) -> Bool {
        var isVideo = false
        try Self.forEachBox(in: track) { (type, media) throws(Malformed) in
            guard type == "mdia" else { return }
            try Self.forEachBox(in: media) { (type, body) throws(Malformed) in
                switch type {
                case "mdhd": try readMediaHeader(body)
                case "hdlr":
                    guard body.count >= 12 else { throw .truncated("hdlr") }
                    isVideo = FourCC(rawValue: body.bigEndian(at: 8)) == "vide"
                case "minf":
                    try Self.forEachBox(in: body) { (type, table) throws(Malformed) in
                        if type == "stbl" { try readSampleTable(table) }
                    }
                default: break
                }
            }
        }
        return isVideo
    }

    private mutating func readMediaHeader(_ body: UnsafeRawBufferPointer) throws(Malformed) {
        let isLarge = body.first == 1
        guard body.count >= (isLarge ? 32 : 20) else { throw .truncated("mdhd") }
        timescale = body.bigEndian(at: isLarge ? 20 : 12)
        duration = isLarge ? body.bigEndian(at: 24) : UInt64(body.bigEndian(at: 16) as UInt32)
    }

    private mutating func readSampleTable(_ table: UnsafeRawBufferPointer) throws(Malformed) {
        try Self.forEachBox(in: table) { (type, body) throws(Malformed) in
            switch type {
            case "stsz":
                guard body.count >= 12 else { throw .truncated("stsz") }
                frames = Int(body.bigEndian(at: 8) as UInt32)
            case "stsd":
                // Version and count, then the first sample entry: a VisualSampleEntry's size lies 24 bytes behind its header.
                guard body.count >= 8 + 8 + 28 else { return }
                codec = FourCC(rawValue: body.bigEndian(at: 12))
                width = Int(body.bigEndian(at: 8 + 8 + 24) as UInt16)
                height = Int(body.bigEndian(at: 8 + 8 + 26) as UInt16)
            default: break
            }
        }
    }

    /// Calls `body` with the type and the content of each box in turn.
    private static func forEachBox(
        in bytes: UnsafeRawBufferPointer,
        _ body: (FourCC, UnsafeRawBufferPointer) throws(Malformed) -> Void
    ) throws(Malformed) {
        var offset = 0
        while offset < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let header: BoxHeader
            do throws(BoxHeader.Malformed) { header = try BoxHeader(rest) } catch { throw .truncated("????") }
            let size = header.size ?? UInt64(rest.count)
            guard size <= UInt64(rest.count) else { throw .truncated(header.type) }
            try body(header.type, UnsafeRawBufferPointer(rebasing: rest[header.headerSize..<Int(size)]))
            offset += Int(size)
        }
    }
}

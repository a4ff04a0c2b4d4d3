// SPDX-License-Identifier: Apache-2.0

/// What a `moov` says of its video track (ISO/IEC 14496-12, 8.2 to 8.8.3).
struct MovieBox {
    /// What holds for the samples of a fragment that says nothing of its own (8.8.3, `trex`).
    struct Defaults {
        var description: UInt32 = 1
        var duration: UInt32 = 0
        var size: UInt32 = 0
        var flags: UInt32 = 0
    }

    private(set) var trackID: UInt32 = 0
    /// Units of time in a second, never 0.
    private(set) var timescale: UInt32 = 0
    private(set) var edit = EditList()
    let table: SampleTableBox
    /// For each track; `nil` in a movie without fragments.
    private(set) var defaults: [UInt32: Defaults]?

    /// Reads a `moov` and its first track that is video.
    init(_ content: BoxContent) throws(Malformed) {
        var rest = content
        while let track = try rest.nextBox() {
            guard track.type == "trak" else { continue }
            let media = try track.required("mdia")
            var handler = try media.required("hdlr")
            try handler.skip(8)
            guard FourCC(rawValue: try handler.number()) == "vide" else { continue }
            table = try SampleTableBox(media.required("minf").required("stbl"))
            try readHeaders(movie: content, track: track, media: media)
            if let extends = try content.first("mvex") { defaults = try Self.readDefaults(extends) }
            return
        }
        throw content.malformed("without a video track")
    }

    private mutating func readHeaders(
        movie: BoxContent,
        track: BoxContent,
        media: BoxContent
    ) throws(Malformed) {
        var header = try track.required("tkhd")
        try header.skip(try header.versionAndFlags().version == 1 ? 16 : 8)
        trackID = try header.number()
        timescale = try Self.readTimescale(media.required("mdhd"))
        guard timescale > 0 else { throw media.malformed("without a timescale") }
        if let list = try track.first("edts")?.first("elst") {
            edit = try readEdits(list, movieTimescale: Self.readTimescale(movie.required("mvhd")))
        }
    }

    /// Of an `mvhd` (8.2.2) or `mdhd` (8.4.2), which begin alike.
    private static func readTimescale(_ header: BoxContent) throws(Malformed) -> UInt32 {
        var header = header
        try header.skip(try header.versionAndFlags().version == 1 ? 16 : 8)
        return try header.number()
    }

    /// 8.6.6: empty edits, and the first that is not.
    private func readEdits(_ box: BoxContent, movieTimescale: UInt32) throws(Malformed) -> EditList {
        var box = box
        var edit = EditList()
        let isLarge = try box.versionAndFlags().version == 1
        for _ in 0..<(try box.entryCount(ofSize: isLarge ? 20 : 12)) {
            let duration = isLarge ? try box.number() : UInt64(try box.number(as: UInt32.self))
            let start = isLarge ? try box.number() : Int64(try box.number(as: Int32.self))
            try box.skip(4)
            if start >= 0 {
                guard start < 1 << 60 else { throw box.malformed("an edit behind the end of any track") }
                edit.mediaStart = UInt64(start)
                break
            }
            guard duration < 1 << 31, movieTimescale > 0 else { throw box.malformed("an endless empty edit") }
            edit.delay += duration * UInt64(timescale) / UInt64(movieTimescale)
            guard edit.delay < 1 << 60 else { throw box.malformed("an endless empty edit") }
        }
        return edit
    }

    private static func readDefaults(_ extends: BoxContent) throws(Malformed) -> [UInt32: Defaults] {
        var extends = extends
        var found: [UInt32: Defaults] = [:]
        while var box = try extends.nextBox() {
            guard box.type == "trex" else { continue }
            _ = try box.versionAndFlags()
            let track: UInt32 = try box.number()
            found[track] = Defaults(
                description: try box.number(),
                duration: try box.number(),
                size: try box.number(),
                flags: try box.number()
            )
        }
        return found
    }
}

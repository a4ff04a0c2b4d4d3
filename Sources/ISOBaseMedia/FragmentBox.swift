// SPDX-License-Identifier: Apache-2.0

/// The samples that a `moof` adds to the video track (ISO/IEC 14496-12, 8.8.4 to 8.8.12).
struct FragmentBox {
    /// Those of the video track, in order.
    private(set) var samples: [MediaSample] = []
    /// Where the media of all tracks end in the file, at the latest.
    private(set) var mediaEnd: UInt64 = 0
    /// The decode time that the fragment gives its first sample; `nil` if it goes on where the last one ended.
    private(set) var decodeTime: UInt64?
    /// The samples of all tracks.
    private(set) var counted = 0

    private let movie: MovieBox
    private let maximum: Int

    /// Reads a `moof` of at most so many samples, of all tracks.
    init(_ content: BoxContent, of movie: MovieBox, maximum: Int) throws(Malformed) {
        self.movie = movie
        self.maximum = maximum
        var rest = content
        /// Where a track's media are that says nothing of it: behind those of the track before.
        var end = content.start
        while let box = try rest.nextBox() {
            if box.type == "traf" { end = try readTrack(box, fragment: content.start, implied: end) }
        }
    }

    /// Returns where the track's media end.
    private mutating func readTrack(
        _ track: BoxContent,
        fragment: UInt64,
        implied: UInt64
    ) throws(Malformed) -> UInt64 {
        var header = try track.required("tfhd")
        let flags = try header.versionAndFlags().flags
        let id: UInt32 = try header.number()
        var defaults = movie.defaults?[id] ?? MovieBox.Defaults()
        // 8.8.7: the file's offset, or the beginning of the moof where that is said or the track is the first.
        var base = flags & 0x2_0000 != 0 ? fragment : implied
        if flags & 0x1 != 0 { base = try header.number() }
        if flags & 0x2 != 0 { defaults.description = try header.number() }
        if flags & 0x8 != 0 { defaults.duration = try header.number() }
        if flags & 0x10 != 0 { defaults.size = try header.number() }
        if flags & 0x20 != 0 { defaults.flags = try header.number() }
        guard base < 1 << 62 else { throw header.malformed("media behind the end of any file") }

        let isOurs = id == movie.trackID
        if isOurs, samples.isEmpty, var box = try track.first("tfdt") {
            let version = try box.versionAndFlags().version
            let time = version == 1 ? try box.number() : UInt64(try box.number(as: UInt32.self))
            guard time < 1 << 60 else { throw box.malformed("a time behind the end of any track") }
            decodeTime = time
        }
        var position = base
        var rest = track
        while let box = try rest.nextBox() {
            if box.type == "trun" { try readRun(box, base: base, at: &position, defaults, isOurs: isOurs) }
        }
        return position
    }

    /// 8.8.8.
    private mutating func readRun(
        _ box: BoxContent,
        base: UInt64,
        at position: inout UInt64,
        _ defaults: MovieBox.Defaults,
        isOurs: Bool
    ) throws(Malformed) {
        var box = box
        let flags = try box.versionAndFlags().flags
        let count = Int(try box.number(as: UInt32.self))
        if flags & 0x1 != 0 {
            let start = Int64(base) + Int64(try box.number(as: Int32.self))
            guard start >= 0 else { throw box.malformed("media before the beginning of the file") }
            position = UInt64(start)
        }
        let firstFlags = flags & 0x4 != 0 ? try box.number(as: UInt32.self) : nil
        // Samples that say nothing of their own take no bytes here: any number of them can be claimed.
        guard flags & 0x200 != 0 || defaults.size > 0 || count == 0 else { throw box.malformed("samples of no size") }
        let fields = (flags & 0xF00).nonzeroBitCount
        guard count <= maximum - counted, count * fields * 4 <= box.remaining else {
            throw box.malformed("\(count) samples cannot be there")
        }
        counted += count
        let entries = movie.table.description.entries.count
        guard !isOurs || (1...entries).contains(Int(defaults.description)) else {
            throw box.malformed("there is no such sample entry")
        }
        for index in 0..<count {
            var sample = MediaSample(
                offset: position,
                size: defaults.size,
                decodeTime: 0,
                duration: defaults.duration,
                isSync: false,
                description: UInt16(truncatingIfNeeded: defaults.description &- 1)
            )
            var sampleFlags = index == 0 ? firstFlags ?? defaults.flags : defaults.flags
            if flags & 0x100 != 0 { sample.duration = try box.number() }
            if flags & 0x200 != 0 { sample.size = try box.number() }
            if flags & 0x400 != 0 { sampleFlags = try box.number() }
            if flags & 0x800 != 0 { sample.compositionOffset = try box.number() }
            sample.isSync = sampleFlags & 0x1_0000 == 0
            position += UInt64(sample.size)
            if isOurs { samples.append(sample) }
        }
        mediaEnd = max(mediaEnd, position)
    }
}

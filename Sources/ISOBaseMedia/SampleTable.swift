// SPDX-License-Identifier: Apache-2.0

/// The samples of a file's video track, whether the file is finished, still growing, or was torn off
/// (ISO/IEC 14496-12, 8.7 and 8.8).
///
/// A growing file's table is that of what was complete when it was read. A torn file may end in anything: the table ends
/// before that, and ``fault`` says what it was.
package struct SampleTable: Equatable, Sendable {
    /// Units of time in a second, never 0.
    package let timescale: UInt32
    /// What the samples are.
    package let description: SampleDescription
    /// When they are shown.
    package let edit: EditList
    /// All samples in the order they are decoded in, whose times never go back.
    package let samples: [MediaSample]
    /// The samples that decoding can begin with, in order.
    package let keyframes: [Int]
    /// Where the last index box ends whose media are in the file, or those media if they lie behind it.
    package let playableEnd: UInt64
    /// Whether one `moov` describes all of it, to which no fragments are to be added.
    package let isFinished: Bool
    /// What was wrong where reading ended before the end of the file; `nil` if only a part of a box was missing.
    package let fault: Malformed?
    /// Where a header can be written that covers all there is; see ``Repair``.
    let rooms: [Room]
    /// The `moov` of the whole file where no reader finds it: a muxer that was finalising the file came no further.
    package let hiddenMovie: Range<UInt64>?

    init(
        movie: MovieBox,
        samples: [MediaSample],
        playableEnd: UInt64,
        fault: Malformed?,
        rooms: [Room],
        hiddenMovie: Range<UInt64>? = nil
    ) {
        timescale = movie.timescale
        description = movie.table.description
        edit = movie.edit
        self.samples = samples
        keyframes = samples.indices.filter { samples[$0].isSync }
        self.playableEnd = playableEnd
        isFinished = movie.defaults == nil && hiddenMovie == nil
        self.fault = fault
        self.rooms = rooms
        self.hiddenMovie = hiddenMovie
    }

    init(finalising movie: MovieBox, at range: Range<UInt64>, rooms: [Room]) {
        self.init(
            movie: movie,
            samples: movie.table.samples,
            playableEnd: range.upperBound,
            fault: nil,
            rooms: rooms,
            hiddenMovie: range
        )
    }

    private init(_ table: SampleTable, upTo count: Int) {
        (timescale, description, edit) = (table.timescale, table.description, table.edit)
        samples = Array(table.samples.prefix(count))
        keyframes = table.keyframes.filter { $0 < count }
        (playableEnd, fault, rooms) = (table.playableEnd, table.fault, table.rooms)
        // What it says of the samples behind is not true.
        isFinished = false
        hiddenMovie = nil
    }

    private init(_ table: SampleTable, samples: [MediaSample]) {
        (timescale, description, playableEnd) = (table.timescale, table.description, table.playableEnd)
        self.samples = samples
        keyframes = samples.indices.filter { samples[$0].isSync }
        // Shown from its first frame on, whatever the order in which they are decoded.
        let shown = samples.map { Int64($0.decodeTime) + Int64($0.compositionOffset) }.min() ?? 0
        edit = EditList(mediaStart: UInt64(max(shown, 0)))
        (isFinished, fault, rooms, hiddenMovie) = (true, nil, [], nil)
    }

    /// Some of the samples as a table of their own, whose times begin with the first of them.
    ///
    /// Their places are those in this table's file.
    package func part(_ range: Range<Int>) -> SampleTable {
        let start = range.isEmpty ? 0 : samples[range.lowerBound].decodeTime
        return Self(
            self,
            samples: samples[range].map { sample in
                var sample = sample
                sample.decodeTime -= start
                return sample
            }
        )
    }

    /// The first samples alone, of a file that is to be repaired.
    package func prefix(_ count: Int) -> SampleTable { count < samples.count ? Self(self, upTo: count) : self }

    /// How many samples there are: for us, frames.
    package var frames: Int { samples.count }

    /// The `stsd` box as it was.
    package var sampleDescription: [UInt8] { description.box }
    /// The sample entry's type, such as `avc1`.
    package var codec: FourCC { description.codec }
    /// Size of the picture in pixels.
    package var width: Int { description.width }
    package var height: Int { description.height }

    /// From the first sample's decoding to the end of the last.
    package var length: Duration {
        guard let first = samples.first, let last = samples.last else { return .zero }
        return Duration(
            ticks: Int64(last.decodeTime - first.decodeTime) + Int64(last.duration),
            timescale: timescale
        )
    }

    /// When a sample is shown, counted from the beginning of the file's presentation; before it if it is not shown.
    package func presentationTime(of index: Int) -> Duration {
        Duration(ticks: presentationTicks(of: index), timescale: timescale)
    }

    /// The same in units of ``timescale``.
    package func presentationTicks(of index: Int) -> Int64 {
        let sample = samples[index]
        return Int64(sample.decodeTime) + Int64(sample.compositionOffset) + Int64(edit.delay) - Int64(edit.mediaStart)
    }

    /// The last keyframe that is shown at a time or before it; `nil` if the first is later.
    package func keyframe(atOrBefore time: Duration) -> Int? {
        let number = firstKeyframe { $0 > time }
        return number > 0 ? keyframes[number - 1] : nil
    }

    /// The samples to take for a span of presentation time: whole groups of pictures.
    ///
    /// They begin with the keyframe at the span's beginning or before it, or else with the first there is, and end before
    /// the first keyframe at the span's end or after it. What is before the first keyframe is never among them.
    package func groups(covering span: Range<Duration>) -> Range<Int> {
        let first = max(firstKeyframe { $0 > span.lowerBound } - 1, 0)
        let end = firstKeyframe { $0 >= span.upperBound }
        guard !span.isEmpty, first < end else { return 0..<0 }
        return keyframes[first]..<(end < keyframes.count ? keyframes[end] : samples.count)
    }

    /// Which of the ``keyframes`` is the first that is shown at such a time, to which all later ones belong too.
    private func firstKeyframe(_ isLate: (Duration) -> Bool) -> Int {
        var range = 0..<keyframes.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range =
                isLate(presentationTime(of: keyframes[middle]))
                ? range.lowerBound..<middle : middle + 1..<range.upperBound
        }
        return range.lowerBound
    }
}

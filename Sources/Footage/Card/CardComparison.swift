// SPDX-License-Identifier: Apache-2.0
package import ISOBaseMedia

/// What of one chunk on a camera's card a store lacks.
///
/// What is fetched is whole groups of pictures: of one that lost a single frame all of it, since nothing else could be
/// decoded.
package struct CardComparison: Sendable {
    /// A stretch that is to be fetched.
    package struct Lack: Equatable, Sendable {
        /// Places in the chunk's sample table.
        package let frames: Range<Int>
        /// When the first of them was filmed, by the store's clock.
        package let start: UTCTime
        /// What of the store's own it stands in the place of.
        package let cuts: [Cut]
    }

    /// In the order of time.
    package var lacks: [Lack] = []
    /// Live chunks that are being written and hold some of it: whether they will be whole is not known yet.
    package var unfinished: Set<Int64> = []
    /// Frames of the newest groups, of which it is too early to say whether they came.
    package var undecided = 0
    /// By what the store dates what came live later than it was asked to suppose; `nil` where nothing came.
    package var offset: Duration?

    /// One of the store's live chunks, and what is in it.
    package struct Live: Sendable {
        package let chunk: Chunk
        package let table: SampleTable

        package init(chunk: Chunk, table: SampleTable) { (self.chunk, self.table) = (chunk, table) }

        /// The live ones of some chunks, as far as they can be read; blocks.
        package static func read(_ chunks: [Chunk], in directory: String) -> [Live] {
            chunks.compactMap { chunk in
                guard chunk.origin == .live, [.open, .complete, .repaired].contains(chunk.state) else { return nil }
                for path in [chunk.state == .open ? chunk.openPath : chunk.path, chunk.path] {
                    // One that cannot be read holds nothing: what is in it is fetched.
                    guard let file = try? RandomAccessFile("\(directory)/\(path)"), let table = try? SampleTable(file)
                    else { continue }
                    return Live(chunk: chunk, table: table)
                }
                return nil
            }
        }
    }

    /// A chunk on the card.
    package struct Subject: Sendable {
        package let table: SampleTable
        /// Of its first frame, in the camera's media time.
        package let mediaTime: Int64
        /// When that was, by the store's clock, to within ``FrameAlignment/largestOffset``.
        package let start: UTCTime
        /// Whether no more is added to it.
        package let isFinished: Bool

        package init(table: SampleTable, mediaTime: Int64, start: UTCTime, isFinished: Bool) {
            (self.table, self.mediaTime, self.start, self.isFinished) = (table, mediaTime, start, isFinished)
        }
    }

    /// Compares.
    ///
    /// `fetched` are spans of the camera's media time that are here from the card already, `unwanted` spans of the store's
    /// time that are not to be fetched. What was filmed after `limit`, in the camera's media time, may still be on its way.
    package init(
        of subject: Subject,
        live: [Live],
        fetched: [Range<Int64>],
        unwanted: [Range<UTCTime>],
        limit: Int64
    ) {
        let card = subject.table.frames(from: subject.start.nanoseconds)
        var state = Matching(card: card)
        for (index, frame) in card.enumerated() {
            let media = frame.time - subject.start.nanoseconds + subject.mediaTime
            let isHere = fetched.contains { $0.lowerBound <= media + state.half && media + state.half < $0.upperBound }
            if isHere { state.isHere[index] = true }
        }
        // The longest first: where the others lie is clear then.
        for each in live.sorted(by: { $0.table.frames > $1.table.frames }) { state.lay(each) }
        var groups: [Range<Int>] = []
        let starts = subject.table.keyframes
        for (number, first) in starts.enumerated() {
            let isLast = number + 1 == starts.count
            let end = isLast ? card.count : starts[number + 1]
            let media = card[end - 1].time - subject.start.nanoseconds + subject.mediaTime
            guard !isLast || subject.isFinished, media <= limit else {
                undecided += end - first
                continue
            }
            let isWhole = (first..<end).allSatisfy { state.isHere[$0] }
            // By its middle: the two sides' clocks differ a little.
            let middle = UTCTime(nanoseconds: card[(first + end) / 2].time)
            if isWhole || unwanted.contains(where: { $0.contains(middle) }) { continue }
            if let last = groups.last, last.upperBound == first {
                groups[groups.count - 1] = last.lowerBound..<end
            } else {
                groups.append(first..<end)
            }
        }
        offset = state.expected.map { .nanoseconds($0) }
        lacks = groups.map { state.lack($0, length: subject.table.part($0).length) }
        unfinished = state.unfinished
    }

    /// Whose frames lie where.
    private struct Matching {
        let card: [FrameAlignment.Frame]
        var isHere: [Bool]
        /// By what the store dates a frame later, where one of the store's was found.
        var offsets: [Int64?]
        var expected: Int64?
        var unfinished: Set<Int64> = []
        /// The store's chunks.
        var live: [Laid] = []

        /// One of the store's chunks, laid over the camera's.
        struct Laid {
            let chunk: Chunk
            /// By the store's clock.
            let frames: [FrameAlignment.Frame]
            /// For each the camera's frame that it is, if it is one.
            var owners: [Int?]
            /// By what this chunk is dated later.
            var offset: Int64?
        }
        /// Half of what lies between two frames.
        let half: Int64

        init(card: [FrameAlignment.Frame]) {
            self.card = card
            isHere = Array(repeating: false, count: card.count)
            offsets = Array(repeating: nil, count: card.count)
            let steps = zip(card.dropFirst(), card).map { $0.time - $1.time }.sorted()
            half = steps.isEmpty ? 1_000_000 : max(steps[steps.count / 2] / 2, 1)
        }

        mutating func lay(_ each: Live) {
            let frames = each.table.frames(from: each.chunk.start.nanoseconds)
            var laid = Laid(chunk: each.chunk, frames: frames, owners: Array(repeating: nil, count: frames.count))
            defer { live.append(laid) }
            guard let alignment = FrameAlignment(card: card, live: frames, expected: expected) else { return }
            laid.offset = alignment.offset
            if frames.count >= FrameAlignment.fewestAlone { expected = expected ?? alignment.offset }
            for (index, place) in alignment.places.enumerated() {
                guard let place else { continue }
                if !isHere[index], each.chunk.state == .open { unfinished.insert(each.chunk.id) }
                isHere[index] = true
                offsets[index] = frames[place].time - card[index].time
                laid.owners[place] = index
            }
        }

        func lack(_ range: Range<Int>, length: Duration) -> Lack {
            let start = card[range.lowerBound].time + offset(near: range)
            let cuts = live.compactMap { cut($0, for: range, from: start, length: length.inNanoseconds) }
            return Lack(frames: range, start: UTCTime(nanoseconds: start), cuts: cuts)
        }

        /// What of a live chunk the fetched frames stand in the place of: by its own dates, since each connection's are its
        /// own, and never a frame that is another of the camera's.
        private func cut(_ laid: Laid, for range: Range<Int>, from start: Int64, length: Int64) -> Cut? {
            let start = laid.offset.map { card[range.lowerBound].time + $0 } ?? start
            let end = start + length
            let inside = laid.frames.indices.filter { index in
                if let owner = laid.owners[index] { return range.contains(owner) }
                return laid.frames[index].time >= start - half && laid.frames[index].time < end - half
            }
            guard let first = inside.first, let last = inside.last else { return nil }
            let media = laid.chunk.mediaTime - laid.chunk.start.nanoseconds
            // Up to where the next group begins: of a stream that broke off nothing is left behind it.
            let next = last + 1 < laid.frames.count ? laid.frames[last + 1].time : .max
            let upper = min(max(laid.frames[last].time + 1, end - half), next)
            return Cut(
                chunk: laid.chunk.id,
                span: laid.frames[first].time + media..<upper + media,
                origin: start - half + media
            )
        }

        /// That of the nearest frame that came: so what is fetched joins what it lies beside.
        private func offset(near range: Range<Int>) -> Int64 {
            for distance in 0..<card.count {
                let (before, behind) = (range.lowerBound - distance, range.upperBound - 1 + distance)
                if before >= 0, let offset = offsets[before] { return offset }
                if behind < card.count, let offset = offsets[behind] { return offset }
            }
            return expected ?? 0
        }
    }
}

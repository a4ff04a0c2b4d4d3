// SPDX-License-Identifier: Apache-2.0
package import ISOBaseMedia

/// Which frames that a camera has on its card have come over the network, and which have not.
///
/// Both sides hold the same access units, byte for byte, but date them by different clocks: the camera when it captured
/// them, the store by what the camera's sender reports said or by when they came. So the two are laid over one another by
/// the frames' sizes, which no two stretches of real video have in common, and a frame counts as come if one of its size
/// lies where it should. What lost a packet on its way is shorter, and does not.
///
/// In doubt a frame has not come: it is fetched, and stands in the place of whatever came.
package struct FrameAlignment: Equatable, Sendable {
    /// A frame as its sample table has it.
    package struct Frame: Equatable, Sendable {
        /// When it is shown, in nanoseconds since 1970 as one side's clock has it.
        package let time: Int64
        /// Its bytes.
        package let size: UInt32

        package init(time: Int64, size: UInt32) { (self.time, self.size) = (time, size) }
    }

    /// By what the store dates a frame later than the camera, in nanoseconds.
    package let offset: Int64
    /// For each of the camera's frames its place among the store's; `nil` for one that is not there.
    package let places: [Int?]

    /// The sides' clocks agree to within this: the network's delay, and what is known of the camera's clock.
    package static let largestOffset = Duration.seconds(5)
    /// Of fewer frames several offsets look right: they must be where others were expected.
    package static let fewestAlone = 30
    /// So close to the expected offset.
    private static let expectation: Int64 = 100_000_000
    /// As exact as times are that were rounded on their way (RTP counts in 90,000ths of a second).
    private static let bin: Int64 = 1_000_000
    /// So many frames tell the offset as well as all.
    private static let sampled = 600

    /// Lays the store's frames of one chunk over the camera's; both in the order of their times.
    ///
    /// `expected` is the offset that others had, if any is known. `nil` if they have nothing in common that could be told
    /// from chance.
    package init?(card: [Frame], live: [Frame], expected: Int64? = nil) {
        guard let anchor = Self.anchor(card, live, expected) else { return nil }
        var places: [Int?] = Array(repeating: nil, count: card.count)
        places[anchor.card] = anchor.live
        let tolerance = Self.tolerance(of: card)
        offset = live[anchor.live].time - card[anchor.card].time
        // From where they surely agree, in both directions: two crystals drift apart in a chunk, but not from frame to
        // frame.
        var drift = offset
        for index in stride(from: anchor.card + 1, to: card.count, by: 1) {
            places[index] = Self.place(of: card[index], in: live, &drift, tolerance)
        }
        drift = offset
        for index in stride(from: anchor.card - 1, through: 0, by: -1) {
            places[index] = Self.place(of: card[index], in: live, &drift, tolerance)
        }
        self.places = places
    }

    /// Half of what lies between two frames, at most a frame of 25 a second.
    private static func tolerance(of card: [Frame]) -> Int64 {
        let steps = zip(card.dropFirst(), card).map { $0.time - $1.time }.sorted()
        return min(steps.isEmpty ? 20_000_000 : max(steps[steps.count / 2] / 2, bin), 20_000_000)
    }

    /// The frame of the same size that lies nearest to where it should be.
    private static func place(of frame: Frame, in live: [Frame], _ drift: inout Int64, _ tolerance: Int64) -> Int? {
        let wanted = frame.time + drift
        var found: Int?
        for index in live.first(from: wanted - tolerance)..<live.count {
            guard live[index].time <= wanted + tolerance else { break }
            guard live[index].size == frame.size else { continue }
            if let other = found, abs(live[other].time - wanted) <= abs(live[index].time - wanted) { continue }
            found = index
        }
        if let found { drift += (live[found].time - frame.time - drift) / 8 }
        return found
    }

    /// A pair of frames that lies where most pairs of one size do.
    private static func anchor(_ card: [Frame], _ live: [Frame], _ expected: Int64?) -> (card: Int, live: Int)? {
        guard let first = card.first, let last = card.last else { return nil }
        let reach = largestOffset.inNanoseconds
        let candidates = live.first(from: first.time - reach)..<live.first(from: last.time + reach)
        var votes: [Int64: Int] = [:]
        var pairs: [Int64: (card: Int, live: Int)] = [:]
        var voters = 0
        for index in stride(
            from: candidates.lowerBound,
            to: candidates.upperBound,
            by: max(1, candidates.count / sampled)
        ) {
            let frame = live[index]
            voters += 1
            for place in card.first(from: frame.time - reach)..<card.count {
                guard card[place].time <= frame.time + reach else { break }
                guard card[place].size == frame.size else { continue }
                let bin = (frame.time - card[place].time).bin(bin)
                votes[bin, default: 0] += 1
                pairs[bin] = pairs[bin] ?? (place, index)
            }
        }
        func distance(_ bin: Int64) -> Int64 { abs(bin * self.bin - (expected ?? 0)) }
        let isFew = voters < fewestAlone
        // Neighbouring bins share what lies on their edge. Of those that are as good, as a still picture's may be, the
        // one that was expected.
        let scores = votes.keys.lazy.map { (bin: $0, score: (votes[$0] ?? 0) + (votes[$0 + 1] ?? 0)) }
        let best = scores.filter { !isFew || expected != nil && distance($0.bin) < expectation }
            .max { ($0.score, -distance($0.bin)) < ($1.score, -distance($1.bin)) }
        guard let best, isFew || (best.score >= 8 && best.score * 30 >= voters) else { return nil }
        return pairs[best.bin]
    }
}

extension [FrameAlignment.Frame] {
    /// The place of the first that is not before a time.
    fileprivate func first(from time: Int64) -> Int {
        var range = startIndex..<endIndex
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = self[middle].time < time ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }
}

extension Int64 {
    /// Which of the bins of a width it lies in.
    fileprivate func bin(_ width: Int64) -> Int64 { self >= 0 ? self / width : (self - width + 1) / width }
}

extension SampleTable {
    /// Its frames, the first of which is shown at a time in nanoseconds, in the order in which they are decoded.
    package func frames(from start: Int64) -> [FrameAlignment.Frame] {
        samples.indices.map { FrameAlignment.Frame(time: start + time(of: $0), size: samples[$0].size) }
    }

    /// When a sample is shown, in nanoseconds from the beginning.
    package func time(of sample: Int) -> Int64 {
        let (seconds, rest) = presentationTicks(of: sample).quotientAndRemainder(dividingBy: Int64(timescale))
        return seconds * 1_000_000_000 + rest * 1_000_000_000 / Int64(timescale)
    }
}

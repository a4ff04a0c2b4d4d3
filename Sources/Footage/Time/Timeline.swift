// SPDX-License-Identifier: Apache-2.0

/// What there is of a camera in a span of time, and what is missing and why.
///
/// Its entries lie side by side in the order of time and fill the span from end to end.
package struct Timeline: Equatable, Sendable {
    package enum Content: Equatable, Sendable {
        /// Footage whose time is known.
        case footage
        /// Footage from before the machine knew the time: it may belong elsewhere.
        case unsynchronised
        /// Nothing, for a reason that was noted; `nil` where nobody knows one.
        case missing(Gap.Reason?)
    }

    package struct Entry: Equatable, Sendable {
        package var span: Range<UTCTime>
        package var content: Content

        package init(_ span: Range<UTCTime>, _ content: Content) { (self.span, self.content) = (span, content) }
    }

    /// A stretch of footage: a chunk, or what is written of one.
    package struct Stretch: Equatable, Sendable {
        package var span: Range<UTCTime>
        package var isSynchronised: Bool

        package init(_ span: Range<UTCTime>, isSynchronised: Bool) {
            (self.span, self.isSynchronised) = (span, isSynchronised)
        }
    }

    package private(set) var entries: [Entry] = []

    /// Chunks of one run follow one another to within the rounding of their timescale, and a frame is no gap.
    private static let seam = Duration.milliseconds(100)
    /// Shorter than anything that is lost without being noted.
    private static let unnoted = Duration.milliseconds(400)

    /// From footage and gaps in any order, overlapping as they may: footage hides a gap, footage of known time hides
    /// footage of unknown time, and of two gaps that overlap the one that began later gives the reason.
    package init(_ span: Range<UTCTime>, footage: [Stretch], gaps: [Gap]) {
        let known = Self.union(footage.filter(\.isSynchronised).map(\.span), within: span)
        let unknown = Self.union(footage.filter { !$0.isSynchronised }.map(\.span), within: span)
        var reasons: [(span: Range<UTCTime>, reason: Gap.Reason)] = []
        for gap in gaps.sorted(by: { $0.start < $1.start }) {
            let end = min(gap.end ?? span.upperBound, span.upperBound)
            let start = max(gap.start, span.lowerBound)
            if start < end { reasons.append((start..<end, gap.reason)) }
        }
        for piece in Self.fill(span, with: known, as: .footage) {
            guard case .missing = piece.content else {
                append(piece)
                continue
            }
            for piece in Self.fill(piece.span, with: unknown, as: .unsynchronised) {
                guard case .missing = piece.content else {
                    append(piece)
                    continue
                }
                explain(piece.span, reasons)
            }
        }
    }

    /// How much footage there is, of known time or not.
    package var covered: Duration {
        entries.reduce(.zero) { sum, entry in
            if case .missing = entry.content { return sum }
            return sum + (entry.span.upperBound - entry.span.lowerBound)
        }
    }

    /// Adds an entry, joined to the last if both say the same.
    private mutating func append(_ entry: Entry) {
        if let last = entries.last, last.content == entry.content {
            entries[entries.count - 1].span = last.span.lowerBound..<entry.span.upperBound
        } else {
            entries.append(entry)
        }
    }

    /// Splits a missing span where its reasons change; `reasons` are in the order in which they began.
    private mutating func explain(
        _ span: Range<UTCTime>,
        _ reasons: [(span: Range<UTCTime>, reason: Gap.Reason)]
    ) {
        let touching = reasons.filter { $0.span.overlaps(span) }
        // What two connections are dated differently by is nothing that is missing: that would have been noted.
        if touching.isEmpty, !entries.isEmpty, span.upperBound - span.lowerBound <= Self.unnoted {
            append(Entry(span, entries[entries.count - 1].content))
            return
        }
        let cuts = Set(touching.flatMap { [$0.span.lowerBound, $0.span.upperBound] }.filter { span.contains($0) })
        var start = span.lowerBound
        for end in cuts.sorted() + [span.upperBound] {
            // What a gap lacks of the footage around it is none of its own.
            let isRest = end - start <= Self.seam || (end < span.upperBound && span.upperBound - end <= Self.seam)
            guard end == span.upperBound ? start < end : !isRest else { continue }
            append(Entry(start..<end, .missing(touching.last { $0.span.contains(start) }?.reason)))
            start = end
        }
    }

    /// The spans, cut to `limits`, joined where they overlap or nearly touch.
    private static func union(_ spans: [Range<UTCTime>], within limits: Range<UTCTime>) -> [Range<UTCTime>] {
        var joined: [Range<UTCTime>] = []
        for span in spans.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            let cut = span.clamped(to: limits)
            guard !cut.isEmpty else { continue }
            if let last = joined.last, cut.lowerBound - last.upperBound <= seam {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, cut.upperBound)
            } else {
                joined.append(cut)
            }
        }
        return joined
    }

    /// A span, of which `parts` (apart and in order) are something and the rest is missing.
    private static func fill(_ span: Range<UTCTime>, with parts: [Range<UTCTime>], as content: Content) -> [Entry] {
        var entries: [Entry] = []
        var end = span.lowerBound
        for part in parts {
            var part = part.clamped(to: span)
            guard !part.isEmpty else { continue }
            // A seam at the span's edges is none either.
            if part.lowerBound - end <= seam { part = end..<part.upperBound }
            if span.upperBound - part.upperBound <= seam { part = part.lowerBound..<span.upperBound }
            if end < part.lowerBound { entries.append(Entry(end..<part.lowerBound, .missing(nil))) }
            entries.append(Entry(part, content))
            end = part.upperBound
        }
        if end < span.upperBound { entries.append(Entry(end..<span.upperBound, .missing(nil))) }
        return entries
    }
}

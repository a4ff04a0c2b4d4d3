// SPDX-License-Identifier: Apache-2.0
internal import Footage

/// What there is of a camera in a span of time, as the page draws it.
struct TimelineDocument: Encodable {
    struct Span: Encodable, Equatable {
        /// `recorded` or `gap`.
        var kind: String
        var from: String
        var to: String
        /// Of what is recorded: what has become of its chunks.
        var state: String?
        var protected: Bool?
        /// What the network lost, and was fetched from the camera's card.
        var replenished: Bool?
        /// From before the machine knew the time.
        var unsynchronised: Bool?
        /// The run's identity.
        var run: String?
        /// Why there is nothing; `unknown` where nobody noted a reason.
        var reason: String?
        var detail: String?
    }

    let camera: String
    let from: String
    let to: String
    /// When the oldest footage begins.
    let oldest: String?
    let now: String
    let spans: [Span]

    init(
        _ camera: String,
        _ span: Range<UTCTime>,
        showings: [Showing],
        gaps: [Gap],
        runs: [Int64: Run],
        oldest: UTCTime?
    ) {
        let now = UTCTime.now
        (self.camera, from, to) = (camera, span.lowerBound.rfc3339, span.upperBound.rfc3339)
        (self.oldest, self.now) = (oldest?.rfc3339, now.rfc3339)
        var recorded: [(span: Range<UTCTime>, entry: Span)] = []
        for showing in showings where showing.chunk.state != .deleting {
            let chunk = showing.chunk
            let end = showing.isGrowing ? max(now, showing.start) : showing.end
            let piece = (showing.start..<max(end, showing.start)).clamped(to: span)
            guard !piece.isEmpty else { continue }
            let clock = runs[chunk.run]?.clock.state
            var entry = Span(kind: "recorded", from: "", to: "")
            (entry.state, entry.run) = (chunk.state.rawValue, runs[chunk.run]?.identity)
            entry.protected = chunk.isProtected ? true : nil
            entry.replenished = chunk.origin == .card ? true : nil
            entry.unsynchronised = clock == .unsynchronised ? true : nil
            // Chunks of one run lie side by side: what says the same is one span.
            if let last = recorded.last, last.entry == entry, piece.lowerBound - last.span.upperBound < Self.seam {
                recorded[recorded.count - 1].span = last.span.lowerBound..<max(last.span.upperBound, piece.upperBound)
            } else {
                recorded.append((piece, entry))
            }
        }
        let timeline = Timeline(
            span.lowerBound..<max(min(span.upperBound, now), span.lowerBound),
            footage: recorded.map { .init($0.span, isSynchronised: $0.entry.unsynchronised != true) },
            gaps: gaps
        )
        var all = recorded
        let reasons = gaps.sorted { $0.start < $1.start }
        // Both are in order: what ended before this entry ended before the next.
        var first = 0
        for entry in timeline.entries {
            guard case .missing(let reason) = entry.content else { continue }
            // Before the oldest footage nothing is missing: it was never there, or its time has come.
            if let oldest, entry.span.upperBound <= oldest, reason == nil { continue }
            if oldest == nil, reason == nil { continue }
            var gap = Span(kind: "gap", from: "", to: "")
            gap.reason = reason?.rawValue ?? "unknown"
            while first < reasons.count, (reasons[first].end ?? now) <= entry.span.lowerBound { first += 1 }
            for other in reasons[first...] where other.reason == reason {
                guard other.start < entry.span.upperBound else { break }
                if (other.end ?? now) > entry.span.lowerBound { gap.detail = other.detail.isEmpty ? nil : other.detail }
            }
            all.append((entry.span, gap))
        }
        spans = all.sorted { $0.span.lowerBound < $1.span.lowerBound }.map { piece in
            var entry = piece.entry
            (entry.from, entry.to) = (piece.span.lowerBound.rfc3339, piece.span.upperBound.rfc3339)
            return entry
        }
    }

    /// Less than this between two chunks is rounding.
    private static let seam = Duration.milliseconds(100)
}

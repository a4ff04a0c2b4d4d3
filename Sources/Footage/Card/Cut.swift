// SPDX-License-Identifier: Apache-2.0
package import ISOBaseMedia

/// A part of a live chunk in whose place footage of the camera's card stands, since some of it was lost on its way.
package struct Cut: Equatable, Sendable {
    /// The live chunk's number.
    package let chunk: Int64
    /// From its first frame that is not to be shown up to behind the last, in its media time.
    package let span: Range<Int64>
    /// Where in that media time begins what stands there: if that is cut short, so is this.
    package let origin: Int64

    package init(chunk: Int64, span: Range<Int64>, origin: Int64? = nil) {
        (self.chunk, self.span, self.origin) = (chunk, span, origin ?? span.lowerBound)
    }

    /// As far as something of a length reaches; `nil` if that is not as far as this.
    func clamped(to length: Duration) -> Cut? {
        let end = min(span.upperBound, origin + length.inNanoseconds)
        return span.lowerBound < end ? Cut(chunk: chunk, span: span.lowerBound..<end, origin: origin) : nil
    }
}

/// What is to be shown of a chunk: all of it, or a part between two cuts.
package struct Showing: Equatable, Sendable {
    package let chunk: Chunk
    /// Counted from the chunk's beginning; `nil` for all of it.
    package let part: Range<Duration>?

    /// When it begins.
    package var start: UTCTime { chunk.start + (part?.lowerBound ?? .zero) }
    /// When it ends; a chunk that is being written has no end yet.
    package var end: UTCTime { part.map { chunk.start + min($0.upperBound, chunk.length) } ?? chunk.end }

    /// Whether it is the end of what is being written.
    package var isGrowing: Bool { chunk.state == .open && (part.map { $0.upperBound >= Chunk.longest } ?? true) }

    package init(_ chunk: Chunk, _ part: Range<Duration>? = nil) { (self.chunk, self.part) = (chunk, part) }

    /// A span that counts from the chunk's beginning, as far as it is to be shown.
    package func clamp(_ span: Range<Duration>) -> Range<Duration> { part.map { span.clamped(to: $0) } ?? span }

    /// The samples to take for a span that counts from the chunk's beginning: whole groups of pictures, of what is to be
    /// shown.
    package func samples(of table: SampleTable, covering span: Range<Duration>) -> Range<Int> {
        let groups = table.groups(covering: clamp(span))
        guard let part else { return groups }
        // A cut need not begin or end with a group: what was lost may have been a keyframe.
        let first = groups.first { table.samples[$0].isSync && table.presentationTime(of: $0) >= part.lowerBound }
        guard let first else { return 0..<0 }
        let count = groups.dropFirst(first - groups.lowerBound)
            .prefix { table.presentationTime(of: $0) < part.upperBound }.count
        return first..<first + count
    }

    /// The parts of chunks that are to be shown, in the order of time.
    static func all(of chunks: [Chunk], cuts: [Int64: [Range<Int64>]]) -> [Showing] {
        chunks.flatMap { chunk in
            cuts[chunk.id].map { parts(of: chunk, without: $0) } ?? [Showing(chunk)]
        }
        .sorted { $0.start < $1.start }
    }

    private static func parts(of chunk: Chunk, without cuts: [Range<Int64>]) -> [Showing] {
        var parts: [Showing] = []
        var start = chunk.mediaTime
        func add(upTo end: Int64) {
            guard end > start else { return }
            parts.append(
                Showing(chunk, .nanoseconds(start - chunk.mediaTime)..<(.nanoseconds(end - chunk.mediaTime)))
            )
        }
        for cut in cuts.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            add(upTo: cut.lowerBound)
            start = max(start, cut.upperBound)
        }
        add(upTo: chunk.mediaTime + chunk.length.inNanoseconds)
        return parts
    }
}

extension Chunk {
    /// How long it is, or may become if it is being written.
    fileprivate var length: Duration { state == .open ? Chunk.longest : duration }
}

extension ChunkIndex {
    /// What is to be shown of a camera, or of all, in a span: its chunks, without what was replaced from the card.
    ///
    /// In the order of camera and time.
    package func showings(camera: String? = nil, from: UTCTime? = nil, to: UTCTime? = nil) throws(Failure) -> [Showing]
    {
        let chunks = try chunks(camera: camera, from: from, to: to)
        let cuts = try cuts(of: chunks)
        if cuts.isEmpty { return chunks.map { Showing($0) } }
        var found: [Showing] = []
        var rest = chunks[...]
        while let first = rest.first {
            let ofOne = rest.prefix { $0.camera == first.camera }
            rest = rest.dropFirst(ofOne.count)
            found += Showing.all(of: Array(ofOne), cuts: cuts).filter { part in
                part.part == nil || (from.map { part.end > $0 } ?? true) && (to.map { part.start < $0 } ?? true)
            }
        }
        return found
    }
}

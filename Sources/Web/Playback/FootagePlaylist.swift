// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import ISOBaseMedia

/// A span of a camera's footage as a media playlist (HLS, RFC 8216): segments of whole groups of pictures.
///
/// Times within the segments are those of the chunks' runs: they go on from chunk to chunk, and whatever a playlist begins
/// with, a segment is the same. What is in a playlist once is in all later ones of the same span, at the same place.
struct FootagePlaylist {
    /// A segment has as many groups of pictures as fit, and one at least.
    private static let segmentLength = Duration.seconds(6)
    /// More than this between two chunks is a hole.
    private static let seam = Duration.milliseconds(100)

    private struct Last {
        let chunk: Chunk
        let end: UTCTime
    }

    private struct Format: Equatable {
        let entries: [[UInt8]]
        let timescale: UInt32
    }

    private let span: Range<UTCTime>
    private var lines: [String] = []
    private var last: Last?
    private var format: Format?
    private var longest = segmentLength
    /// Whether the newest chunk is still being written, and has not all of the span.
    private(set) var isGrowing = false

    init(_ span: Range<UTCTime>) { self.span = span }

    var isEmpty: Bool { lines.isEmpty }

    /// The next chunk in the order of time.
    mutating func add(_ piece: ChunkReader.Piece) {
        let (chunk, table) = (piece.chunk, piece.table)
        let wanted = (span.lowerBound - chunk.start)..<(span.upperBound - chunk.start)
        let groups = piece.showing.samples(of: table, covering: wanted)
        guard let first = groups.first else {
            isGrowing = isGrowing || chunk.state == .open
            return
        }
        // Of what is still being written the last group may not be whole.
        let isWhole = chunk.state != .open || groups.upperBound < table.frames
        isGrowing = !isWhole
        var starts = table.keyframes.filter(groups.contains) + (isWhole ? [groups.upperBound] : [])
        var segments: [(frames: Range<Int>, from: Duration, to: Duration)] = []
        var begin = (first, table.presentationTime(of: first))
        var previous = begin
        starts.removeFirst()
        for next in starts {
            let time = next < table.frames ? table.presentationTime(of: next) : table.length
            if time - begin.1 > Self.segmentLength, previous.0 > begin.0 {
                segments.append((begin.0..<previous.0, begin.1, previous.1))
                begin = previous
            }
            previous = (next, time)
        }
        // What has its end in sight: nothing follows that would still belong to it.
        if isWhole, previous.0 > begin.0 { segments.append((begin.0..<previous.0, begin.1, previous.1)) }
        guard !segments.isEmpty else { return }
        begun(chunk, table, at: chunk.start + segments[0].from)
        for segment in segments {
            let length = segment.to - segment.from
            longest = max(longest, length)
            lines.append("#EXTINF:\(Self.decimal(length)),")
            let frames = "\(segment.frames.lowerBound)-\(segment.frames.upperBound)"
            lines.append("../../chunks/\(chunk.id)/segment.mp4?frames=\(frames)")
        }
        last = Last(chunk: chunk, end: chunk.start + segments[segments.count - 1].to)
    }

    private mutating func begun(_ chunk: Chunk, _ table: SampleTable, at start: UTCTime) {
        let new = Format(entries: table.description.lastingEntries, timescale: table.timescale)
        let follows =
            last.map { last in
                let hole = start - last.end
                return last.chunk.run == chunk.run && hole < Self.seam && hole > .zero - Self.seam
            } ?? false
        if last != nil, !follows || new != format { lines.append("#EXT-X-DISCONTINUITY") }
        if new != format { lines.append("#EXT-X-MAP:URI=\"../../chunks/\(chunk.id)/init.mp4\"") }
        lines.append("#EXT-X-PROGRAM-DATE-TIME:\(start.rfc3339)")
        format = new
    }

    /// The playlist; one that is over gets no more segments.
    func text(isOver: Bool) -> String {
        let target = Int((longest / .seconds(1)).rounded(.up))
        let head = [
            "#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:\(target)", "#EXT-X-MEDIA-SEQUENCE:0",
            "#EXT-X-PLAYLIST-TYPE:\(isOver ? "VOD" : "EVENT")", "#EXT-X-INDEPENDENT-SEGMENTS",
        ]
        return (head + lines + (isOver ? ["#EXT-X-ENDLIST"] : [])).joined(separator: "\n") + "\n"
    }

    /// Seconds with six places.
    private static func decimal(_ duration: Duration) -> String {
        let micro = Int64((duration / .microseconds(1)).rounded())
        let rest = String(micro % 1_000_000)
        return "\(micro / 1_000_000).\(String(repeating: "0", count: 6 - rest.count))\(rest)"
    }
}

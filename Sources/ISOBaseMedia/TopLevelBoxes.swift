// SPDX-License-Identifier: Apache-2.0

/// A box of a file that is in no other box.
struct TopLevelBox {
    let type: FourCC
    let headerSize: Int
    let range: Range<UInt64>
    /// Whether all of it is in the file.
    let isComplete: Bool
    /// Whether it says that it reaches to the end of the file, as what is being written does.
    let isOpenEnded: Bool
}

/// Goes from one top-level box of a file to the next, and reads no more than their headers (ISO/IEC 14496-12, 4.2).
struct TopLevelBoxes<Source: ByteSource> {
    /// No file of ours has more: a day at 250 ms a fragment, three boxes each.
    private static var maximumBoxes: Int { 1 << 20 }
    /// No index of ours is larger: a day at 30 frames a second needs half of it.
    private static var maximumContent: UInt64 { 64 << 20 }
    /// What is read behind a box: `free` and `mdat` with a 64-bit size, which mp4mux writes behind an index.
    private static var lookahead: UInt64 { 32 }
    /// What is read at least: a `moof` of ours with what is behind it, so that a fragment is one read.
    private static var leastRead: UInt64 { 256 }

    private let source: Source
    /// The file's size when reading began.
    private let end: UInt64
    private var offset: UInt64 = 0
    private var boxes = 0
    private var window: [UInt8] = []
    private var windowStart: UInt64 = 0

    init(_ source: Source) throws(ReadError<Source.Failure>) {
        self.source = source
        do throws(Source.Failure) { end = try source.byteCount() } catch { throw .source(error) }
    }

    /// The size of the file when reading began.
    var fileSize: UInt64 { end }

    /// Returns the next box, or nothing where the file ends or has only a part of a header.
    ///
    /// - Throws: ``ReadError/malformed(_:)`` where no box can begin.
    mutating func next() throws(ReadError<Source.Failure>) -> TopLevelBox? {
        let start = offset
        guard end >= 8, start <= end - 8 else { return nil }
        boxes += 1
        guard boxes <= Self.maximumBoxes else { throw .malformed(Malformed("too many boxes", at: start)) }
        try fill(start..<min(end, start + 16))
        let first = Int(start - windowStart)
        let header: BoxHeader
        do throws(BoxHeader.Malformed) { header = try BoxHeader(window[min(first, window.count)...].prefix(16)) } catch
        {
            switch error {
            case .incomplete: return nil
            case .impossibleSize(let size): throw .malformed(Malformed("a box of \(size) bytes", at: start))
            }
        }
        // A file system that lost what was last written may leave zeros.
        guard header.type.isPrintable else { throw .malformed(Malformed("no box", at: start)) }
        let (sum, overflows) = start.addingReportingOverflow(header.size ?? end - start)
        guard !overflows else { throw .malformed(Malformed("a box larger than any file", at: start)) }
        offset = sum
        return TopLevelBox(
            type: header.type,
            headerSize: header.headerSize,
            range: start..<sum,
            isComplete: sum <= end,
            isOpenEnded: header.size == nil
        )
    }

    /// The `moov` of the whole file behind the media of a box that reaches to the end of the file.
    ///
    /// mp4mux 1.22 leaves it there when it finalises, until it goes back and widens the first `mdat` to reach up to it.
    /// Media cannot be taken for it: it describes samples that all lie before itself.
    mutating func finalMovie(in box: TopLevelBox) throws(ReadError<Source.Failure>) -> (MovieBox, Range<UInt64>)? {
        guard box.type == "mdat", box.isOpenEnded, end - box.range.lowerBound <= Self.maximumContent else { return nil }
        let bytes: [UInt8]
        do throws(Source.Failure) { bytes = try source.read(box.range.lowerBound..<end) } catch { throw .source(error) }
        let type = Array("moov".utf8)
        for index in stride(from: 0, to: bytes.count - 12, by: 1) where bytes[index + 4] == type[0] {
            let header: BoxHeader
            do throws(BoxHeader.Malformed) { header = try BoxHeader(bytes[index...].prefix(16)) } catch { continue }
            guard header.type == "moov", let size = header.size, size <= UInt64(bytes.count - index) else { continue }
            let start = box.range.lowerBound + UInt64(index)
            let content = BoxContent(
                type: header.type,
                headerSize: header.headerSize,
                bytes: Array(bytes[index..<index + Int(size)]),
                at: start
            )
            do throws(Malformed) {
                let movie = try MovieBox(content)
                guard movie.defaults == nil, movie.table.samples.allSatisfy({ $0.range.upperBound <= start }) else {
                    continue
                }
                return (movie, start..<start + size)
            } catch { continue }
        }
        return nil
    }

    /// Reads what is in a box.
    mutating func content(of box: TopLevelBox) throws(ReadError<Source.Failure>) -> BoxContent {
        let size = box.range.upperBound - box.range.lowerBound
        guard size <= Self.maximumContent else {
            throw .malformed(Malformed("\(box.type) of \(size) bytes", at: box.range.lowerBound))
        }
        try fill(box.range)
        let first = Int(box.range.lowerBound - windowStart)
        let bytes = Array(window[min(first, window.count)...].prefix(Int(size)))
        return BoxContent(type: box.type, headerSize: box.headerSize, bytes: bytes, at: box.range.lowerBound)
    }

    /// Has the window contain a range, and what is likely to be wanted next.
    private mutating func fill(_ range: Range<UInt64>) throws(ReadError<Source.Failure>) {
        if range.lowerBound >= windowStart, range.upperBound <= windowStart + UInt64(window.count) { return }
        let length = max(range.upperBound - range.lowerBound + Self.lookahead, Self.leastRead)
        windowStart = range.lowerBound
        do throws(Source.Failure) {
            window = try source.read(range.lowerBound..<min(end, range.lowerBound + length))
        } catch { throw .source(error) }
    }
}

extension FourCC {
    /// Whether it is four characters that can be read, as the type of each top-level box is.
    var isPrintable: Bool {
        [24, 16, 8, 0].allSatisfy { (0x20...0x7E).contains(UInt8(truncatingIfNeeded: rawValue >> $0)) }
    }
}

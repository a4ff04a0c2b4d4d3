// SPDX-License-Identifier: Apache-2.0

/// What is in a box, read from its beginning to its end (ISO/IEC 14496-12, 4.2).
///
/// Nothing is ever read behind the end; what is missing is an error that says where.
struct BoxContent {
    let type: FourCC
    /// Where the box itself begins in the file.
    let start: UInt64
    private let bytes: [UInt8]
    private(set) var index: Int
    private let end: Int
    /// Where the first of `bytes` lies in the file.
    private let origin: UInt64

    /// The content of a whole box, whose header is the beginning of the bytes.
    init(type: FourCC, headerSize: Int, bytes: [UInt8], at offset: UInt64) {
        self.init(type: type, start: offset, bytes: bytes, range: min(headerSize, bytes.count)..<bytes.count, offset)
    }

    private init(type: FourCC, start: UInt64, bytes: [UInt8], range: Range<Int>, _ origin: UInt64) {
        self.type = type
        self.start = start
        self.bytes = bytes
        (index, end) = (range.lowerBound, range.upperBound)
        self.origin = origin
    }

    /// How many bytes are left.
    var remaining: Int { end - index }

    /// An error here.
    func malformed(_ problem: String) -> Malformed { Malformed("\(type): \(problem)", at: origin + UInt64(index)) }

    /// Takes a number off the beginning, most significant byte first.
    mutating func number<Number: FixedWidthInteger>(as _: Number.Type = Number.self) throws(Malformed) -> Number {
        let size = Number.bitWidth / 8
        guard remaining >= size else { throw malformed("cut off") }
        defer { index += size }
        return Number(truncatingIfNeeded: bytes[index..<index + size].reduce(0 as UInt64) { $0 << 8 | UInt64($1) })
    }

    mutating func skip(_ count: Int) throws(Malformed) {
        guard remaining >= count else { throw malformed("cut off") }
        index += count
    }

    /// Takes the version and the flags of a full box (4.2, `FullBox`).
    mutating func versionAndFlags() throws(Malformed) -> (version: UInt8, flags: UInt32) {
        let both: UInt32 = try number()
        return (UInt8(both >> 24), both & 0xFF_FFFF)
    }

    /// Takes a count of entries, and sees that so many can be there.
    mutating func entryCount(ofSize size: Int) throws(Malformed) -> Int {
        let count: UInt32 = try number()
        guard Int(count) <= remaining / size else { throw malformed("\(count) entries cannot be there") }
        return Int(count)
    }

    /// Takes the next box that is inside this one; `nil` at the end.
    mutating func nextBox() throws(Malformed) -> BoxContent? {
        // A container may end in four bytes of zero, as QuickTime's do.
        guard remaining >= 8 else { return nil }
        let header: BoxHeader
        do throws(BoxHeader.Malformed) { header = try BoxHeader(bytes[index..<min(end, index + 16)]) } catch {
            throw malformed("what is inside is no box")
        }
        let size = header.size ?? UInt64(remaining)
        guard size <= UInt64(remaining) else { throw malformed("the \(header.type) inside reaches out of it") }
        let range = index + header.headerSize..<index + Int(size)
        defer { index = range.upperBound }
        return BoxContent(type: header.type, start: origin + UInt64(index), bytes: bytes, range: range, origin)
    }

    /// The first box of a type that is inside what is left.
    func first(_ type: FourCC) throws(Malformed) -> BoxContent? {
        var rest = self
        while let box = try rest.nextBox() {
            if box.type == type { return box }
        }
        return nil
    }

    /// The same for a box that must be there.
    func required(_ type: FourCC) throws(Malformed) -> BoxContent {
        guard let box = try first(type) else { throw malformed("without \(type)") }
        return box
    }

    /// What is left.
    var rest: [UInt8] { Array(bytes[index..<end]) }

    /// The whole box with its header.
    var box: [UInt8] { Array(bytes[Int(start - origin)..<end]) }
}

extension BoxHeader {
    /// Reads a header from the first 8 or 16 bytes.
    init(_ bytes: ArraySlice<UInt8>) throws(Malformed) {
        self = try bytes.withUnsafeBytes { bytes in
            Result { () throws(Malformed) in try BoxHeader(bytes) }
        }.get()
    }
}

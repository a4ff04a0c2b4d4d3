// SPDX-License-Identifier: Apache-2.0

/// The parameter sets of a stream (H.264, 7.3.2; H.265, 7.3.2): what a decoder must know before the first picture.
package struct ParameterSets: Sendable {
    /// Counts the changes, from 0.
    package private(set) var version = 0
    private var sets: [Name: [UInt8]] = [:]

    /// A set takes the place of one of its type and number.
    struct Name: Hashable, Comparable {
        let type: UInt8
        let number: UInt32

        static func < (one: Name, other: Name) -> Bool { (one.type, one.number) < (other.type, other.number) }
    }

    package init() {}

    /// The NAL units, in the order of their types: (video,) sequence, picture.
    package var units: [[UInt8]] { sets.sorted { $0.key < $1.key }.map(\.value) }

    /// Whether there is one of each of these types.
    func has(_ types: [UInt8]) -> Bool { types.allSatisfy { type in sets.keys.contains { $0.type == type } } }

    mutating func take(_ unit: UnsafeRawBufferPointer, as name: Name) {
        guard unit.count <= Self.sizeLimit else { return }
        if let present = sets[name], present.elementsEqual(unit) { return }
        guard sets[name] != nil || sets.count < Self.limit else { return }
        sets[name] = Array(unit)
        version += 1
    }

    /// More than any stream has, so that a hostile one takes no memory: 256 picture sets, 32 sequence sets.
    private static let limit = 304
    /// The largest have a few hundred bytes.
    private static let sizeLimit = 4096
}

/// Reads bits of a NAL unit, most significant first (H.264, 7.2 and 9.1), without the bytes that only keep start codes out.
struct BitReader {
    private let bytes: UnsafeRawBufferPointer
    private var bit: Int

    init(_ bytes: UnsafeRawBufferPointer, from bit: Int) { (self.bytes, self.bit) = (bytes, bit) }

    private mutating func next() -> UInt32? {
        // 00 00 03: the third byte is no data (7.4.1).
        if bit % 8 == 0, bit >= 16, bit / 8 < bytes.count, bytes[bit / 8] == 3, bytes[bit / 8 - 1] == 0,
            bytes[bit / 8 - 2] == 0
        {
            bit += 8
        }
        guard bit / 8 < bytes.count else { return nil }
        defer { bit += 1 }
        return UInt32(bytes[bit / 8] >> (7 - UInt8(bit % 8)) & 1)
    }

    /// A number of so many bits, 32 at most; `nil` where the unit ends.
    mutating func number(_ count: Int) -> UInt32? {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let bit = next() else { return nil }
            value = value << 1 | bit
        }
        return value
    }

    /// `ue(v)` (H.264, 9.1).
    mutating func unsignedExpGolomb() -> UInt32? {
        var zeros = 0
        while let bit = next(), bit == 0 { zeros += 1 }
        guard zeros < 32, let rest = number(zeros) else { return nil }
        return (1 << UInt32(zeros)) - 1 + rest
    }
}

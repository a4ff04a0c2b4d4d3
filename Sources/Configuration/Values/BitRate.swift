// SPDX-License-Identifier: Apache-2.0

/// How many bits a stream carries in a second.
package struct BitRate: Equatable, Hashable, Comparable, Sendable {
    package let bitsPerSecond: Int64

    package init(bitsPerSecond: Int64) {
        self.bitsPerSecond = bitsPerSecond
    }

    /// Thousands of bits a second.
    package static func kilobitsPerSecond(_ count: Int64) -> BitRate { BitRate(bitsPerSecond: count * 1000) }
    /// Millions of bits a second.
    package static func megabitsPerSecond(_ count: Int64) -> BitRate { BitRate(bitsPerSecond: count * 1_000_000) }

    package static func < (left: BitRate, right: BitRate) -> Bool { left.bitsPerSecond < right.bitsPerSecond }
}

extension BitRate: CustomStringConvertible {
    /// Reads `4 Mbit/s`; decimals are fine where they come to whole bits.
    ///
    /// - Throws: `InvalidValue` if the text is no rate, or one of more than 2^63 - 1 bit/s.
    package init(parsing text: String) throws(InvalidValue) {
        bitsPerSecond = try Self.measure.amount(of: text)
    }

    /// The shortest exact text: `4 Mbit/s`, `2500 kbit/s`.
    package var description: String { Self.measure.text(of: bitsPerSecond) }

    private static let measure = Measure(
        quantity: "rate",
        units: [
            .init("bit/s", 1), .init("kbit/s", 1000), .init("Mbit/s", 1_000_000), .init("Gbit/s", 1_000_000_000),
        ],
        preferred: ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"]
    )
}

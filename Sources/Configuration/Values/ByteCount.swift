// SPDX-License-Identifier: Apache-2.0

/// A number of bytes, such as a file's size or a limit to what a directory may hold.
package struct ByteCount: Equatable, Hashable, Comparable, Sendable {
    package let bytes: Int64

    package init(bytes: Int64) {
        self.bytes = bytes
    }

    /// Megabytes of 10^6 bytes.
    package static func megabytes(_ count: Int64) -> ByteCount { ByteCount(bytes: count * 1_000_000) }
    /// Gigabytes of 10^9 bytes.
    package static func gigabytes(_ count: Int64) -> ByteCount { ByteCount(bytes: count * 1_000_000_000) }

    package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}

extension ByteCount: CustomStringConvertible {
    /// Reads `500 GB` (10^9) or `500 GiB` (2^30); decimals are fine where they come to whole bytes.
    ///
    /// - Throws: `InvalidValue` if the text is no size, or one of more than 2^63 - 1 bytes.
    package init(parsing text: String) throws(InvalidValue) {
        bytes = try Self.measure.amount(of: text)
    }

    /// The shortest exact text: `500 GB`, `1500 MB`, `500 GiB`.
    package var description: String { Self.measure.text(of: bytes) }

    private static let measure = Measure(
        quantity: "size",
        units: [
            .init("B", 1), .init("kB", 1000), .init("KB", 1000), .init("MB", 1_000_000), .init("GB", 1_000_000_000),
            .init("TB", 1_000_000_000_000), .init("KiB", 1 << 10), .init("MiB", 1 << 20), .init("GiB", 1 << 30),
            .init("TiB", 1 << 40),
        ],
        preferred: ["B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"]
    )
}

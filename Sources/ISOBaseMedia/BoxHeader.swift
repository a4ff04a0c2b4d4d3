// SPDX-License-Identifier: Apache-2.0

/// The beginning of a box: its type and how far it reaches (ISO/IEC 14496-12, 4.2).
package struct BoxHeader: Equatable, Sendable {
    package let type: FourCC
    /// Bytes of the header itself: 8, or 16 with a 64-bit size.
    package let headerSize: Int
    /// Bytes of the whole box; `nil` if it reaches to the end of the file.
    package let size: UInt64?

    /// Why bytes are no box header.
    package enum Malformed: Error, Equatable {
        /// More bytes are needed: this many in all.
        case incomplete(needed: Int)
        /// The size is smaller than the header that states it, or larger than any file.
        case impossibleSize(UInt64)
    }

    /// Reads a header from the first 8 or 16 bytes.
    package init(_ bytes: UnsafeRawBufferPointer) throws(Malformed) {
        guard bytes.count >= 8 else { throw .incomplete(needed: 8) }
        type = FourCC(rawValue: bytes.bigEndian(at: 4))
        switch bytes.bigEndian(at: 0) as UInt32 {
        case 0:
            (headerSize, size) = (8, nil)
        case 1:
            guard bytes.count >= 16 else { throw .incomplete(needed: 16) }
            let large: UInt64 = bytes.bigEndian(at: 8)
            guard large >= 16 else { throw .impossibleSize(large) }
            (headerSize, size) = (16, large)
        case let small:
            guard small >= 8 else { throw .impossibleSize(UInt64(small)) }
            (headerSize, size) = (8, UInt64(small))
        }
    }
}

extension UnsafeRawBufferPointer {
    /// A number as ISO files store it, most significant byte first.
    ///
    /// The caller has checked the bounds.
    func bigEndian<Number: FixedWidthInteger>(at offset: Int) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}

// SPDX-License-Identifier: Apache-2.0

/// An RTP packet (RFC 3550, 5.1): a view of bytes that somebody else keeps, for as long as they do.
package struct RTPPacket {
    package let hasMarker: Bool
    package let payloadType: UInt8
    package let sequence: UInt16
    package let timestamp: UInt32
    /// Who sends it.
    package let source: UInt32
    /// What is behind the headers, without padding.
    package let payload: UnsafeRawBufferPointer

    /// `nil` if the bytes are no RTP of version 2, or end within a header.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.headerSize, bytes[0] >> 6 == 2 else { return nil }
        var start = Self.headerSize + Int(bytes[0] & 0x0f) * 4
        if bytes[0] & 0x10 != 0 {
            // An extension: what it is, and its length in words (5.3.1).
            guard start + 4 <= bytes.count else { return nil }
            start += 4 + Int(bytes.number16(at: start + 2)) * 4
        }
        var end = bytes.count
        if bytes[0] & 0x20 != 0 { end -= Int(bytes[bytes.count - 1]) }
        guard start <= end else { return nil }
        hasMarker = bytes[1] & 0x80 != 0
        payloadType = bytes[1] & 0x7f
        sequence = bytes.number16(at: 2)
        timestamp = bytes.number32(at: 4)
        source = bytes.number32(at: 8)
        payload = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    private static let headerSize = 12
}

extension UnsafeRawBufferPointer {
    /// Two bytes, most significant first.
    func number16(at offset: Int) -> UInt16 { UInt16(self[offset]) << 8 | UInt16(self[offset + 1]) }

    /// Four bytes, most significant first.
    func number32(at offset: Int) -> UInt32 {
        UInt32(number16(at: offset)) << 16 | UInt32(number16(at: offset + 2))
    }
}

// SPDX-License-Identifier: Apache-2.0

/// What a sender says of its clocks (RTCP sender report; RFC 3550, 6.4.1): a timestamp, and the time of day at it.
package struct SenderReport: Equatable, Sendable {
    package let source: UInt32
    /// NTP time: seconds since 1900, and their fraction in units of 2^-32 s.
    private let seconds: UInt32
    private let fraction: UInt32
    private let timestamp: UInt32

    /// The first sender report of a compound packet; `nil` if there is none, or one without a time.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while offset + 8 <= bytes.count, bytes[offset] >> 6 == 2 {
            let length = 4 + Int(bytes.number16(at: offset + 2)) * 4
            if bytes[offset + 1] == Self.packetType, length >= Self.size, offset + Self.size <= bytes.count {
                source = bytes.number32(at: offset + 4)
                seconds = bytes.number32(at: offset + 8)
                fraction = bytes.number32(at: offset + 12)
                timestamp = bytes.number32(at: offset + 16)
                // Who does not know the time says 0.
                if seconds == 0, fraction == 0 { return nil }
                return
            }
            offset += length
        }
        return nil
    }

    /// Header and sender information.
    private static let size = 28
    private static let packetType: UInt8 = 200

    /// When a frame of a timestamp was captured by the sender's clock, in nanoseconds since 1900, UTC.
    ///
    /// Exact for timestamps within half of the range around the report's: six hours at 90 kHz.
    package func time(of timestamp: UInt32, clockRate: UInt32) -> UInt64 {
        let report = UInt64(seconds) * 1_000_000_000 + (UInt64(fraction) * 1_000_000_000) >> 32
        let ticks = Int64(Int32(bitPattern: timestamp &- self.timestamp))
        return report &+ UInt64(bitPattern: ticks * 1_000_000_000 / Int64(clockRate))
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A sender's timestamps, which wrap around after 2^32 ticks (RFC 3550, 5.1), as nanoseconds that do not.
package struct RTPTimeline: Sendable {
    /// Ticks in a second.
    package let clockRate: UInt32
    private var last: UInt32?
    /// Ticks since before the first timestamp, with room for some that lie before it.
    private var ticks: Int64

    /// - Precondition: `clockRate` is not 0.
    package init(clockRate: UInt32) {
        self.clockRate = clockRate
        ticks = Int64(clockRate) * Self.lead
    }

    /// What the first timestamp counts as, in seconds.
    private static let lead: Int64 = 3600
    /// Further on than any stream lasts, in seconds: timestamps that leap there begin anew, or their sum would overflow.
    private static let limit: Int64 = 10 * 365 * 86_400

    /// Nanoseconds on the sender's clock, whose zero is of no meaning.
    package mutating func nanoseconds(of timestamp: UInt32) -> UInt64 {
        if let last { ticks += Int64(Int32(bitPattern: timestamp &- last)) }
        last = timestamp
        if ticks < 0 || ticks > Int64(clockRate) * Self.limit { ticks = Int64(clockRate) * Self.lead }
        let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: Int64(clockRate))
        return UInt64(seconds) * 1_000_000_000 + UInt64(rest) * 1_000_000_000 / UInt64(clockRate)
    }
}

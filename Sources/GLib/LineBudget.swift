// SPDX-License-Identifier: Apache-2.0

/// How many lines something may still write: many at once, few for ever.
///
/// A camera that fails every few seconds for a week fills no journal; what is left out is counted.
package struct LineBudget: Sendable {
    /// Lines that may be written at once.
    package static let burst = 100
    /// After so long, in seconds, one more.
    package static let secondsPerLine = 10.0

    private var lines = Double(burst)
    private var last: Double
    private var leftOut = 0

    /// Begins full, at a time in seconds of any clock that does not go back.
    package init(at now: Double) { last = now }

    /// Takes a line, if there is one: returns how many were left out before it.
    package mutating func take(at now: Double) -> Int? {
        lines = min(Double(Self.burst), lines + max(0, now - last) / Self.secondsPerLine)
        last = now
        guard lines >= 1 else {
            leftOut += 1
            return nil
        }
        lines -= 1
        defer { leftOut = 0 }
        return leftOut
    }
}

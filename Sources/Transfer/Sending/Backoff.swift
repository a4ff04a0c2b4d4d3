// SPDX-License-Identifier: Apache-2.0

/// How long is waited before the next attempt: twice as long after each that failed.
struct Backoff {
    static let shortest = Duration.seconds(1)
    static let longest = Duration.seconds(300)

    private var next = shortest

    /// An attempt failed: returns how long to wait.
    mutating func fail() -> Duration {
        defer { next = min(next * 2, Self.longest) }
        return next
    }

    mutating func succeed() { next = Self.shortest }
}

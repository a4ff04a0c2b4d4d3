// SPDX-License-Identifier: Apache-2.0
package import Testing

/// Waits until a condition holds, for what cannot be awaited: the state of another process, of a file, of a C library.
package func eventually(
    within limit: Duration = .seconds(45),
    _ comment: Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation,
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    if try await poll(within: limit, condition) { return }
    Issue.record(comment ?? "it did not come true within \(limit)", sourceLocation: sourceLocation)
}

/// Whether a condition holds before the limit has passed.
///
/// This is the only place where tests look again and again.
package func poll(
    within limit: Duration,
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    repeat {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    } while ContinuousClock.now < deadline
    return false
}

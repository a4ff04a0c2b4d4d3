// SPDX-License-Identifier: Apache-2.0
package import Testing

/// The error that something throws: `#require(throws:)` gives it back only since Swift 6.1.
package func thrown<Failure: Error>(
    _ type: Failure.Type,
    sourceLocation: SourceLocation = #_sourceLocation,
    by body: () throws -> Void
) throws -> Failure {
    var failure: Failure?
    try #require(throws: type, sourceLocation: sourceLocation) {
        do {
            try body()
        } catch {
            failure = error as? Failure
            throw error
        }
    }
    return try #require(failure, sourceLocation: sourceLocation)
}

// SPDX-License-Identifier: Apache-2.0

/// What a command asks of the daemon that has the directory: one line of JSON.
enum ControlRequest: Codable, Equatable, Sendable {
    case protect(chunks: [Int64])
    case release(chunks: [Int64])
    case remove(chunks: [Int64])
}

/// What the daemon answers: one line of JSON.
enum ControlReply: Codable, Equatable, Sendable {
    /// How many chunks it was done to.
    case done(Int)
    /// In words for the user.
    case failed(String)
}

// SPDX-License-Identifier: Apache-2.0

/// What the command asks of a daemon: one line of JSON.
enum ControlRequest: Codable, Equatable, Sendable {
    case status
    case change(ChunkChange)
}

/// What is to be done to chunks, by their numbers.
enum ChunkChange: Codable, Equatable, Sendable {
    case protect(chunks: [Int64])
    case release(chunks: [Int64])
    case remove(chunks: [Int64])
}

/// What the daemon answers: one line of JSON.
enum ControlReply: Codable, Equatable, Sendable {
    case status(Status)
    /// To how many chunks it was done.
    case done(Int)
    /// In words for the user.
    case failed(String)
}

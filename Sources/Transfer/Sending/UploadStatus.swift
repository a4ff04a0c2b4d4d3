// SPDX-License-Identifier: Apache-2.0
package import Footage

/// How it goes with one destination.
package struct UploadStatus: Equatable, Sendable {
    package enum State: String, Sendable {
        /// What there is to bring is not known yet: the directory is not open.
        case starting
        /// It has all there is.
        case idle
        case sending
        case backingOff = "backing-off"
    }

    package let url: String
    package var state = State.starting
    /// What is being sent, relative to the store's directory.
    package var chunk: String?
    package var queue = UploadQueue()
    /// Chunks brought since the process started.
    package var sent = 0
    package var lastSuccess: UTCTime?
    /// Why the last attempt failed, and when.
    package var lastFault: (cause: String, at: UTCTime)?
    /// Why nothing is brought there now; `nil` while it is.
    package var cause: String? { state == .idle || isWell ? nil : lastFault?.cause }
    /// Whether something has been brought since the last fault.
    var isWell = true

    package static func == (one: UploadStatus, other: UploadStatus) -> Bool {
        (one.url, one.state, one.chunk, one.queue, one.sent) == (
            other.url, other.state, other.chunk, other.queue, other.sent
        )
            && one.lastSuccess == other.lastSuccess && one.lastFault?.at == other.lastFault?.at
            && one.isWell == other.isWell
    }
}

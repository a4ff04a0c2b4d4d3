// SPDX-License-Identifier: Apache-2.0

/// A span of a camera's time that is known not to be there, and why.
package struct Gap: Equatable, Sendable {
    package enum Reason: String, Sendable, CaseIterable {
        /// The camera could not be reached.
        case network
        /// The camera itself gave no frames.
        case camera
        /// The process ended without warning: power, a crash.
        case power
        /// The disk did not take what came.
        case disk
        /// Deleted to make room.
        case quota
        /// Recording was stopped on purpose.
        case stopped
        /// The wall clock stepped.
        case clock
        /// Deleted by a person.
        case removed
        /// The file is no longer there, and Martlet did not delete it.
        case lost
    }

    package var camera: String
    package var start: UTCTime
    /// `nil` while it lasts.
    package var end: UTCTime?
    package var reason: Reason
    /// What was said of it at the time.
    package var detail: String

    package init(camera: String, start: UTCTime, end: UTCTime?, reason: Reason, detail: String = "") {
        (self.camera, self.start, self.end, self.reason, self.detail) = (camera, start, end, reason, detail)
    }
}

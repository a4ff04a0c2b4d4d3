// SPDX-License-Identifier: Apache-2.0
package import Footage

/// How it goes with what comes as files.
package struct IntakeStatus: Equatable, Sendable {
    package let directory: String
    /// Since the process started: what became chunks, what was there already, and what was set aside.
    package var taken = 0
    package var duplicates = 0
    package var rejected = 0
    /// Files that are not whole yet, or wait for something else.
    package var waiting = 0
    package var lastSuccess: UTCTime?
    /// Why nothing is taken in; `nil` while it is.
    package var cause: String?

    init(directory: String) { self.directory = directory }
}

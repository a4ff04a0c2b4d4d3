// SPDX-License-Identifier: Apache-2.0

/// Where a store says what it finds and does: a daemon's log, or a terminal.
package struct Journal: Sendable {
    package enum Level: Sendable {
        case info, notice, warning, error
    }

    private let write: @Sendable (Level, String, String?) -> Void

    /// `write` gets the text, and the camera that it is about, if it is about one; on any thread.
    package init(write: @escaping @Sendable (Level, String, String?) -> Void) { self.write = write }

    /// Says nothing.
    package static let silent = Journal { _, _, _ in }

    func info(_ text: String, camera: String? = nil) { write(.info, text, camera) }
    func notice(_ text: String, camera: String? = nil) { write(.notice, text, camera) }
    func warning(_ text: String, camera: String? = nil) { write(.warning, text, camera) }
    func error(_ text: String, camera: String? = nil) { write(.error, text, camera) }
}

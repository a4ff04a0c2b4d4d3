// SPDX-License-Identifier: Apache-2.0

/// Why a file was not brought to its place, in words for the user; no secret is among them.
package struct TransferFailure: Error, Equatable, CustomStringConvertible {
    package let description: String
    /// The file, as far as it lies there, cannot be continued: it is begun anew.
    var mustBeginAnew = false
    /// It was to stop.
    var isStopped = false

    init(_ description: String, mustBeginAnew: Bool = false, isStopped: Bool = false) {
        (self.description, self.mustBeginAnew, self.isStopped) = (description, mustBeginAnew, isStopped)
    }
}

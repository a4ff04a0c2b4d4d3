// SPDX-License-Identifier: Apache-2.0

/// A file that could not be read at all, which is not a mistake in it.
package struct Unreadable: Error, Equatable, Sendable {
    package let path: String
    /// Why, in the words of the system where it has some.
    package let reason: String
    /// What to do about it, when there is something.
    package let hint: String?
}

extension Unreadable: CustomStringConvertible {
    package var description: String {
        "cannot read \(path): \(reason)\(hint.map { "; " + $0 } ?? "")"
    }
}

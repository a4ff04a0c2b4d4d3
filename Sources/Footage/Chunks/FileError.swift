// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// An operation on a file that the system refused: what was tried, on what, and the system's word for why.
package struct FileError: Error, Equatable, CustomStringConvertible {
    package let operation: String
    package let path: String
    /// The system's error number (`errno`).
    package let code: Int32

    /// More than the system's word says, where we know it.
    package let words: String?

    package init(_ operation: String, _ path: String, code: Int32 = errno, words: String? = nil) {
        (self.operation, self.path, self.code, self.words) = (operation, path, code, words)
    }

    package var description: String { "cannot \(operation) \(path): \(words ?? String(cString: strerror(code)))" }
}

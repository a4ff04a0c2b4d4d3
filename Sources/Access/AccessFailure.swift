// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import SQLite

/// Why users and tokens cannot be read or changed, in words for the user.
package struct AccessFailure: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }

    /// A call to the system that failed; `errno` says why.
    init(_ operation: String, _ path: String) {
        let hint = errno == EACCES || errno == EPERM ? "; run it as root, or as the user who runs martlet" : ""
        description = "cannot \(operation) \(path): \(String(cString: strerror(errno)))\(hint)"
    }

    init(_ failure: Database.Failure) { description = failure.description }
}

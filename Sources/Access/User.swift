// SPDX-License-Identifier: Apache-2.0

/// A person who may log in.
package struct User: Equatable, Sendable {
    package let name: String
    package var role: Role
    /// Seconds since 1970.
    package let created: Int64

    /// Letters and digits of ASCII, and what mail addresses have besides; in a URL none of them needs an escape.
    package static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                    || "._-@".utf8.contains(byte)
            }
    }
}

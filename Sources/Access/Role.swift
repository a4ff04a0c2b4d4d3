// SPDX-License-Identifier: Apache-2.0

/// What a person may do; each may do all that those before it may.
package enum Role: String, CaseIterable, Codable, Comparable, Sendable {
    /// Sees live and recorded video, and takes nothing away.
    case viewer
    /// Starts and stops recording, downloads, exports, protects, removes.
    case `operator`
    /// Changes settings, people and tokens.
    case admin

    package static func < (one: Role, other: Role) -> Bool {
        (allCases.firstIndex(of: one) ?? 0) < (allCases.firstIndex(of: other) ?? 0)
    }
}

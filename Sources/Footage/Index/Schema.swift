// SPDX-License-Identifier: Apache-2.0

/// The index's tables, as steps from each version to the next: `Schema+Version1.swift` and so on.
///
/// A released step is never changed: later versions add steps.
enum Schema {
    /// What leads from each version to the next, from an empty file on.
    ///
    /// Their number is the version that this program writes, and the highest that it reads (`PRAGMA user_version`).
    static let steps = [version1, version2, version3, version4]
}

// SPDX-License-Identifier: Apache-2.0

/// A text that does not spell the value it was read as.
///
/// Whoever reads the text says what was expected in its place; this says what may help beyond that.
package struct InvalidValue: Error, Equatable, Sendable {
    /// What to do about it, as in `"GBit is no unit of size; use B, kB, …"`, when there is something to add.
    package let hint: String?

    package init(hint: String? = nil) {
        self.hint = hint
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Watches the sequence numbers of a sender's packets (RFC 3550, 5.1 and A.1): they rise by one, from any number on.
package struct RTPSequence: Sendable {
    package enum Place: Equatable, Sendable {
        case next
        /// So many packets before it did not come.
        case afterLoss(of: Int)
        /// It came before, or too late.
        case past
        /// The sender counts from elsewhere: it has begun anew.
        case restarted
    }

    /// Packets that did not come since the beginning.
    package private(set) var lost = 0
    private var last: UInt16?

    /// What is further behind than this is no straggler (A.1, `MAX_MISORDER`).
    private static let misorder = 100
    /// What is further ahead than this is no loss (A.1, `MAX_DROPOUT`).
    private static let dropout = 3000

    package init() {}

    package mutating func place(_ sequence: UInt16) -> Place {
        defer { if last == nil { last = sequence } }
        guard let before = last else { return .next }
        let step = Int(Int16(bitPattern: sequence &- before))
        switch step {
        case 1:
            last = sequence
            return .next
        case 2...Self.dropout:
            last = sequence
            lost += step - 1
            return .afterLoss(of: step - 1)
        case -Self.misorder...0: return .past
        default:
            last = sequence
            return .restarted
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Which part of something a client asked for (`Range`; RFC 9110, 14.1.2).
package enum ByteRange: Equatable {
    /// All of it: nothing was asked for, or nothing that is understood, or several parts.
    case whole
    case part(Range<Int>)
    /// There is no such part.
    case unsatisfiable

    package init(_ header: String?, of byteCount: Int) {
        self = .whole
        guard let header, header.hasPrefix("bytes="), header.utf8.count < 100 else { return }
        let bounds = header.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2, bounds.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }) else { return }
        let (first, last) = (Int(bounds[0]), Int(bounds[1]))
        switch (first, last) {
        case (let first?, let last?) where first > last: return
        case (let first?, _) where first >= byteCount && (last != nil || bounds[1].isEmpty): self = .unsatisfiable
        case (let first?, let last?): self = .part(first..<min(last, byteCount - 1) + 1)
        case (let first?, nil) where bounds[1].isEmpty: self = .part(first..<byteCount)
        case (nil, let last?) where bounds[0].isEmpty:
            self = last == 0 || byteCount == 0 ? .unsatisfiable : .part(max(0, byteCount - last)..<byteCount)
        default: return
        }
    }
}

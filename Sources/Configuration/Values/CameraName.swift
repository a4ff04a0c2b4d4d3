// SPDX-License-Identifier: Apache-2.0

/// A camera's name, such as `front-door`: also its RTSP path, its directory and part of its file names.
///
/// 1 to 63 of the letters a–z, digits and `-`, neither beginning nor ending with `-`: what a host name's label is, too.
package struct CameraName: Hashable, Comparable, Sendable {
    private let text: String

    /// - Throws: `InvalidValue` if the text is no name, with the nearest one that is as a hint.
    package init(parsing text: String) throws(InvalidValue) {
        guard Self.isName(text) else { throw InvalidValue(hint: Self.hint(for: text)) }
        self.text = text
    }

    /// The name in examples: `front-door`.
    package static let example = CameraName("front-door")

    private init(_ text: StaticString) {
        self.text = "\(text)"
    }

    package static func < (left: CameraName, right: CameraName) -> Bool { left.text < right.text }

    private static let longest = 63

    private static func isName(_ text: String) -> Bool {
        (1...longest).contains(text.utf8.count) && text.utf8.allSatisfy(isAllowed) && !text.hasPrefix("-")
            && !text.hasSuffix("-")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        byte.isDigit || byte.isLetter && byte == byte | 0x20 || byte == UInt8(ascii: "-")
    }

    /// `'front-door' would do` for `Front Door`.
    private static func hint(for text: String) -> String? {
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let parts = text.utf8.prefix(longest + 1).split { !isAllowed($0 | 0x20) || $0 == UInt8(ascii: "-") }
        let nearest = parts.map { String(decoding: $0.map { $0 | 0x20 }, as: UTF8.self) }.joined(separator: "-")
        return isName(nearest) ? "'\(nearest)' would do" : nil
    }
}

extension CameraName: CustomStringConvertible {
    package var description: String { text }
}

// SPDX-License-Identifier: Apache-2.0

/// One file's text, which diagnostics quote lines of.
final class SourceFile: Sendable {
    /// As the user named it.
    let path: String
    /// How many files come before this one; later files override earlier ones.
    let order: Int
    /// Without a byte order mark; what is no UTF-8 is replaced by U+FFFD.
    let text: String
    /// The place of the first byte that is no UTF-8.
    let invalidUTF8: Place.Position?
    private let lineStarts: [String.Index]

    init(path: String, order: Int = 0, bytes: [UInt8]) {
        let content = bytes.starts(with: Self.byteOrderMark) ? bytes[Self.byteOrderMark.count...] : bytes[...]
        var text = String(decoding: content, as: UTF8.self)
        text.makeContiguousUTF8()
        self.path = path
        self.order = order
        self.text = text
        invalidUTF8 = String(validating: content, as: UTF8.self) == nil ? Self.firstInvalid(in: content) : nil
        let newlines = text.utf8.indices.filter { text.utf8[$0] == UInt8(ascii: "\n") }
        lineStarts = [text.startIndex] + newlines.map { text.utf8.index(after: $0) }
    }

    /// A line, counted from 1, without its end; empty if there is none of that number.
    func line(_ number: Int) -> Substring {
        guard lineStarts.indices.contains(number - 1) else { return "" }
        let end = number < lineStarts.count ? text.utf8.index(before: lineStarts[number]) : text.endIndex
        let line = text.utf8[lineStarts[number - 1]..<end]
        return Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private static func firstInvalid(in bytes: ArraySlice<UInt8>) -> Place.Position {
        var (line, column) = (1, 1)
        var decoder = UTF8()
        var remaining = bytes.makeIterator()
        while case .scalarValue(let scalar) = decoder.decode(&remaining) {
            (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
        }
        return Place.Position(line: line, column: column)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A line of a file and a `^` beneath the column in question, as a terminal shows them.
struct Excerpt: Equatable, Sendable {
    /// The line, or the part of it around the caret, without secrets and without control characters but tabs.
    let line: String
    /// The same width as `line` has up to the column, then `^`.
    let caret: String

    /// Shows what is around a column, which counts code points from 1.
    init(of line: Substring, column: Int) {
        let scalars = line.unicodeScalars
        let split = scalars.index(scalars.startIndex, offsetBy: max(0, column - 1), limitedBy: scalars.endIndex)
        let before = scalars[..<(split ?? scalars.endIndex)].suffix(Self.context)
        let after = scalars[before.endIndex...].prefix(Self.context)
        let start = Array(String(before))
        let (characters, caret) = withoutSecrets(start + Array(String(after)), caret: start.count)

        let from = characters.count <= Self.widest ? 0 : max(0, caret - Self.widest / 2)
        let shown = characters[from...].prefix(Self.widest)
        let leading = (from > 0 ? ["…"] : []) + shown.prefix(caret - from)
        let trailing = shown.dropFirst(caret - from) + (shown.endIndex < characters.count ? ["…"] : [])
        self.line = String((leading + trailing).map(Self.printable))
        self.caret = leading.map(Self.blank(for:)).joined() + "^"
    }

    /// How many code points on each side are looked at for secrets.
    private static let context = 2000
    /// How many characters of a longer line are shown.
    private static let widest = 100

    private static func printable(_ character: Character) -> Character {
        character == "\t" || !character.unicodeScalars.contains(where: \.isUnprintable) ? character : "\u{FFFD}"
    }

    /// As much blank as a terminal needs for `character`.
    private static func blank(for character: Character) -> String {
        if character == "\t" { return "\t" }
        return wide.contains { $0.contains(character.unicodeScalars.first?.value ?? 0) } ? "  " : " "
    }

    /// The scripts and pictures that take two cells: the blocks of UAX #11 that are wide throughout.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
        0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]
}

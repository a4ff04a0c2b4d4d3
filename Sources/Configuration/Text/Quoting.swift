// SPDX-License-Identifier: Apache-2.0

/// `text` between quotation marks as a message can carry it: short, on one line, without passwords.
///
/// `mark` is put on both sides; `longest` characters of the text are kept.
func quoted(_ text: some StringProtocol, mark: String = "\"", longest: Int = 40) -> String {
    let characters = withoutSecrets(Array(String(String.UnicodeScalarView(text.unicodeScalars.prefix(2000))))).text
    let shortened = characters.prefix(longest).map(escaped).joined() + (characters.count > longest ? "…" : "")
    return mark + shortened + mark
}

/// `text` with every secret in it replaced by `***`, and the index in it of what `caret` pointed to in `text`.
func withoutSecrets(_ text: [Character], caret: Int = 0) -> (text: [Character], caret: Int) {
    var (result, newCaret) = (text, caret)
    var lastStart = text.count
    for range in Secrets.ranges(in: text).reversed() where range.upperBound <= lastStart {
        result.replaceSubrange(range, with: "***")
        if caret >= range.upperBound { newCaret += 3 - range.count } else { newCaret = min(newCaret, range.lowerBound) }
        lastStart = range.lowerBound
    }
    return (result, newCaret)
}

extension Unicode.Scalar {
    /// Whether a terminal might do something else than show it.
    var isUnprintable: Bool {
        properties.generalCategory == .control || properties.isBidiControl
    }
}

private func escaped(_ character: Character) -> String {
    character.unicodeScalars.map { scalar in
        switch scalar {
        case "\n": return "\\n"
        case "\r": return "\\r"
        case "\t": return "\\t"
        default:
            guard scalar.isUnprintable else { return String(scalar) }
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        }
    }.joined()
}

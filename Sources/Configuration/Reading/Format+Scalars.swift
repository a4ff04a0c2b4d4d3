// SPDX-License-Identifier: Apache-2.0

extension Format<Bool> {
    static let bool = Format(
        type: "`true` or `false`",
        limits: nil,
        expected: "true or false",
        example: true,
        write: { "\($0)" },
        read: { node, mismatches in
            if case .boolean(let flag) = node.value { return flag }
            mismatches.append(Mismatch(node, expected: "true or false"))
            return nil
        }
    )
}

extension Format<Int> {
    /// A whole number within a range.
    static func int(in range: ClosedRange<Int>) -> Format {
        int("a whole number", in: range) { range.contains($0) }
    }

    /// An even whole number within a range.
    static func even(in range: ClosedRange<Int>) -> Format {
        int("an even number", in: range) { range.contains($0) && $0.isMultiple(of: 2) }
    }

    /// One of a few numbers.
    static func oneOf(_ first: Int, _ second: Int) -> Format {
        int(limits: nil, type: "`\(first)` or `\(second)`", expected: "\(first) or \(second)", example: first) {
            $0 == first || $0 == second
        }
    }

    private static func int(
        _ kind: String,
        in range: ClosedRange<Int>,
        allows: @escaping @Sendable (Int) -> Bool
    ) -> Format {
        int(
            limits: "\(range.lowerBound) … \(range.upperBound)",
            type: String(kind.drop { $0 != " " }.dropFirst()),
            expected: "\(kind) from \(range.lowerBound) to \(range.upperBound)",
            example: range.lowerBound,
            allows: allows
        )
    }

    private static func int(
        limits: String?,
        type: String,
        expected: String,
        example: Int,
        allows: @escaping @Sendable (Int) -> Bool
    ) -> Format {
        Format(
            type: type,
            limits: limits,
            expected: expected,
            example: example,
            write: { "\($0)" },
            read: { node, mismatches in
                if case .integer(let number) = node.value, let value = Int(exactly: number), allows(value) {
                    return value
                }
                mismatches.append(Mismatch(node, expected: expected))
                return nil
            }
        )
    }
}

extension Format where Value: CaseIterable & RawRepresentable<String> {
    /// One of the words that are the cases of `Value`.
    static var choice: Format {
        let words = Value.allCases.map(\.rawValue)
        let allCases = Array(Value.allCases)
        return Format(
            type: words.map { "`\"\($0)\"`" }.joined(separator: " or "),
            expected: words.map { "\"\($0)\"" }.joined(separator: " or "),
            example: allCases[0],
            text: { $0.rawValue },
            parse: { (text: String) throws(InvalidValue) in
                if let value = Value(rawValue: text) { return value }
                throw InvalidValue(hint: nearest(text, among: words).map { "did you mean \"\($0)\"?" })
            }
        )
    }
}

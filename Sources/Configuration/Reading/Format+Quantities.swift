// SPDX-License-Identifier: Apache-2.0

extension Format<ByteCount> {
    static func size(in range: ClosedRange<ByteCount>) -> Format {
        quantity("size", such: .gigabytes(500), in: range, text: \.description, parse: ByteCount.init(parsing:))
    }
}

extension Format<BitRate> {
    static func rate(in range: ClosedRange<BitRate>) -> Format {
        quantity("rate", such: .megabitsPerSecond(4), in: range, text: \.description, parse: BitRate.init(parsing:))
    }
}

extension Format<Duration> {
    static func duration(in range: ClosedRange<Duration>) -> Format {
        quantity("duration", such: .minutes(10), in: range, text: \.text, parse: Duration.init(parsing:))
    }
}

extension Format where Value: Comparable {
    /// A number with a unit, within a range; messages give `such`, or the bound that is nearest to it, as an example.
    fileprivate static func quantity(
        _ name: String,
        such: Value,
        in range: ClosedRange<Value>,
        text: @escaping @Sendable (Value) -> String,
        parse: @escaping @Sendable (String) throws(InvalidValue) -> Value
    ) -> Format {
        let example = min(max(such, range.lowerBound), range.upperBound)
        let (lower, upper) = (text(range.lowerBound), text(range.upperBound))
        return Format(
            type: name,
            limits: "\(lower) … \(upper)",
            expected: "a \(name) such as \"\(text(example))\"",
            example: example,
            within: "a \(name) from \(lower) to \(upper)",
            allows: { range.contains($0) },
            text: text,
            parse: parse
        )
    }
}

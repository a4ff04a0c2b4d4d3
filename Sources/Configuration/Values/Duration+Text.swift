// SPDX-License-Identifier: Apache-2.0

extension Duration {
    /// Reads `500 ms`, `10 s`, `10 min`, `2 h` or `30 days`; decimals are fine where they come to whole milliseconds.
    ///
    /// - Throws: `InvalidValue` if the text is no duration, or one of more than 2^63 - 1 ms.
    package init(parsing text: String) throws(InvalidValue) {
        self = .milliseconds(try Self.measure.amount(of: text))
    }

    /// The shortest exact text, in the units that a configuration is written in: `10 min`, `1500 ms`, `1 day`.
    ///
    /// What is less than a millisecond is left out, as no configuration says it.
    package var text: String {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return "\(seconds) s" }
        let text = Self.measure.text(of: product + attoseconds / 1_000_000_000_000_000)
        return text == "1 days" ? "1 day" : text
    }

    /// Minutes of 60 s.
    package static func minutes(_ count: Int) -> Duration { .seconds(60 * count) }
    /// Hours of 60 min.
    package static func hours(_ count: Int) -> Duration { .minutes(60 * count) }
    /// Days of 24 h.
    package static func days(_ count: Int) -> Duration { .hours(24 * count) }

    private static let measure = Measure(
        quantity: "time",
        units: [
            .init("ms", 1), .init("s", 1000), .init("min", 60_000), .init("h", 3_600_000), .init("day", 86_400_000),
            .init("days", 86_400_000),
        ],
        preferred: ["ms", "s", "min", "h", "days"]
    )
}

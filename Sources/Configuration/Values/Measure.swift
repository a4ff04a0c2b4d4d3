// SPDX-License-Identifier: Apache-2.0

/// What a quantity is counted in: the units that a text may name, as whole multiples of the smallest one.
struct Measure: Sendable {
    /// One spelling of one unit.
    struct Unit: Sendable {
        let symbol: String
        /// How many of the smallest unit it is; at least 1.
        let factor: Int64

        init(_ symbol: String, _ factor: Int64) {
            self.symbol = symbol
            self.factor = factor
        }
    }

    /// The quantity's name, as in "MW is no unit of size".
    let quantity: String
    /// Every spelling that is read.
    let units: [Unit]
    /// The symbols that are written and suggested, smallest first; each is among `units`.
    let preferred: [String]

    /// Reads a number and a unit, with or without a space between: `500 GB`, `1.5GB`, `10 min`.
    ///
    /// - Returns: The exact amount in the smallest unit.
    /// - Throws: `InvalidValue` if it is none, not exact, or does not fit into 64 bits.
    func amount(of text: String) throws(InvalidValue) -> Int64 {
        let scalars = text.unicodeScalars
        let number = scalars.prefix { ("0"..."9").contains($0) || $0 == "." }
        let symbol = String(scalars[number.endIndex...].drop { $0 == " " })
        guard let decimal = Decimal(String(number)) else { throw InvalidValue() }
        guard !symbol.isEmpty else { throw InvalidValue(hint: "add a unit: \(choices)") }
        guard let unit = units.first(where: { $0.symbol == symbol }) else {
            throw InvalidValue(hint: "\(quoted(symbol, mark: "'")) is no unit of \(quantity); use \(choices)")
        }
        switch decimal.times(unit.factor) {
        case .exactly(let amount): return amount
        case .overflow: throw InvalidValue(hint: "that is more than can be counted")
        case .inexact:
            throw InvalidValue(hint: "that is not a whole number of \(preferred.first ?? unit.symbol)")
        }
    }

    /// The canonical text: the fewest digits that say exactly `amount`, in the earlier of two units that tie.
    func text(of amount: Int64) -> String {
        let spellings = preferred.compactMap { symbol in
            units.first { $0.symbol == symbol && (amount % $0.factor == 0) }
        }
        guard let best = spellings.min(by: { amount / $0.factor < amount / $1.factor }) else { return "\(amount)" }
        return "\(amount / best.factor) \(best.symbol)"
    }

    private var choices: String {
        preferred.dropLast().joined(separator: ", ") + " or " + (preferred.last ?? "")
    }
}

/// An unsigned decimal number, kept exactly: `digits` / 10^`places`.
private struct Decimal {
    enum Product {
        case exactly(Int64)
        case inexact
        case overflow
    }

    private let digits: Int64
    private let places: Int
    private let overflows: Bool

    /// Reads digits with at most one point between them, or fails.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        var fraction = parts.count == 2 ? parts[1] : ""
        while fraction.last == "0" { fraction.removeLast() }
        places = fraction.count
        let value = Int64(parts[0] + fraction)
        digits = value ?? 0
        overflows = value == nil
    }

    /// The product with a whole number, if it is one too.
    func times(_ factor: Int64) -> Product {
        guard !overflows else { return places > 18 ? .inexact : .overflow }
        var (divisor, factor) = (Int64(1), factor)
        for _ in 0..<min(places, 18) {
            if factor.isMultiple(of: 10) { factor /= 10 } else { divisor *= 10 }
        }
        let (product, overflow) = digits.multipliedReportingOverflow(by: factor)
        if overflow { return .overflow }
        return product.isMultiple(of: divisor) && (places <= 18 || product == 0)
            ? .exactly(product / divisor) : .inexact
    }
}

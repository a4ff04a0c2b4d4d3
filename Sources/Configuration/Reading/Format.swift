// SPDX-License-Identifier: Apache-2.0

/// How the values of a key are written: what reads and writes them, and what messages and the reference call them.
struct Format<Value: Equatable & Sendable>: Sendable {
    /// What the reference calls such a value, as in "size".
    let type: String
    /// The values there are, as in "1 … 120", unless `type` says it all.
    let limits: String?
    /// What a message says was expected, as in "a size such as "500 GB"".
    let expected: String
    /// A good value: it is shown to who left one out, and stands in for a bad one until all mistakes are found.
    let example: Value
    /// As TOML writes it.
    let write: @Sendable (Value) -> String
    /// Reads a value, or says what is wrong with it and returns `nil`.
    let read: @Sendable (Node, inout [Mismatch]) -> Value?
}

/// Why a value does not have its key's format.
struct Mismatch {
    let place: Place
    let message: String
    var hint: String?
}

extension Mismatch {
    init(_ node: Node, expected: String, hint: String? = nil) {
        self.init(place: node.place, message: "expected \(expected), found \(node.found)", hint: hint)
    }
}

/// `text` itself: no value has use for control characters, and C ends at a NUL.
///
/// - Throws: `InvalidValue` if there are some.
private func printable(_ text: String) throws(InvalidValue) -> String {
    guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
    throw InvalidValue(hint: "there is a control character in it")
}

extension Format {
    /// A value that TOML writes as a string.
    ///
    /// What `parse` reads and `text` writes is what stands between the quotes. A value that `allows` refuses is not
    /// `within` the limits. Of a secret, no message repeats what was found.
    init(
        type: String,
        limits: String? = nil,
        expected: String,
        example: Value,
        isSecret: Bool = false,
        within: String? = nil,
        allows: @escaping @Sendable (Value) -> Bool = { _ in true },
        text: @escaping @Sendable (Value) -> String,
        parse: @escaping @Sendable (String) throws(InvalidValue) -> Value
    ) {
        self.init(
            type: type,
            limits: limits,
            expected: expected,
            example: example,
            write: { "\"\(text($0))\"" },
            read: { node, mismatches in
                guard case .string(let string) = node.value else {
                    mismatches.append(Mismatch(node, expected: expected))
                    return nil
                }
                do throws(InvalidValue) {
                    let value = try parse(try printable(string))
                    if allows(value) { return value }
                    mismatches.append(Mismatch(node, expected: within ?? expected))
                } catch {
                    let mismatch =
                        isSecret
                        ? Mismatch(place: node.place, message: "expected \(expected)", hint: error.hint)
                        : Mismatch(node, expected: expected, hint: error.hint)
                    mismatches.append(mismatch)
                }
                return nil
            }
        )
    }

    /// What `format` takes, or `"none"`, which is read as `nil`.
    static func orNone<Wrapped>(_ format: Format<Wrapped>) -> Format where Value == Wrapped? {
        Format(
            type: "\(format.type) or `\"none\"`",
            limits: format.limits,
            expected: format.expected,
            example: nil,
            write: { $0.map(format.write) ?? "\"none\"" },
            read: { node, mismatches in
                if case .string("none") = node.value { return .some(nil) }
                return format.read(node, &mismatches).map { .some($0) }
            }
        )
    }

    /// An array of what `format` takes.
    static func array<Element>(of format: Format<Element>) -> Format where Value == [Element] {
        let expected = "an array such as [\(format.write(format.example))]"
        return Format(
            type: "array of \(format.type)s",
            limits: format.limits,
            expected: expected,
            example: [format.example],
            write: { "[\($0.map(format.write).joined(separator: ", "))]" },
            read: { node, mismatches in
                guard case .array(let elements) = node.value else {
                    mismatches.append(Mismatch(node, expected: expected))
                    return nil
                }
                let values = elements.compactMap { format.read($0, &mismatches) }
                return values.count == elements.count ? values : nil
            }
        )
    }
}

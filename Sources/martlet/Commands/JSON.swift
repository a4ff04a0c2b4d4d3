// SPDX-License-Identifier: Apache-2.0
internal import FoundationEssentials

/// How results are written as JSON: one document, keys in kebab-case and in order, for people to read as well.
enum JSON {
    static func text(_ value: some Encodable, onOneLine: Bool = false) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if !onOneLine { encoder.outputFormatting.insert(.prettyPrinted) }
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

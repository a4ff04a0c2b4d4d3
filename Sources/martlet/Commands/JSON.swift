// SPDX-License-Identifier: Apache-2.0
internal import FoundationEssentials

/// How results are written as JSON: one document, keys in kebab-case and in order, for people to read as well.
enum JSON {
    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

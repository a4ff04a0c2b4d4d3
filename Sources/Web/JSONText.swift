// SPDX-License-Identifier: Apache-2.0
internal import FoundationEssentials
internal import HTTP

/// JSON as the API speaks it: keys in kebab-case, in a fixed order.
enum JSONText {
    static func bytes(of value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return Array(try encoder.encode(value)) } catch {
            // Only numbers that are none could not be written, and nothing here makes them.
            return Array("null".utf8)
        }
    }

    /// - Throws: ``Problem`` that says which key is wrong.
    static func read<Value: Decodable>(_ type: Value.Type, from body: [UInt8]) throws(Problem) -> Value {
        do { return try JSONDecoder().decode(type, from: Data(body)) } catch let error as DecodingError {
            throw Problem(400, words(for: error))
        } catch {
            throw Problem(400, "the body is no JSON")
        }
    }

    private static func words(for error: DecodingError) -> String {
        func name(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        switch error {
        case .keyNotFound(let key, let context): return "the key '\(name(context.codingPath + [key]))' is missing"
        case .typeMismatch(let type, let context):
            return context.codingPath.isEmpty
                ? "the body is no object" : "'\(name(context.codingPath))' is no \(type)".lowercased()
        case .valueNotFound(_, let context): return "'\(name(context.codingPath))' is null"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "the body is no JSON" : "'\(name(context.codingPath))' is not known"
        @unknown default: return "the body is no JSON"
        }
    }
}

extension HTTPResponse {
    init(_ status: Int = 200, json value: some Encodable, _ headers: [(String, String)] = []) {
        self.init(
            status,
            type: "application/json",
            JSONText.bytes(of: value),
            [("Cache-Control", "no-store")] + headers
        )
    }
}

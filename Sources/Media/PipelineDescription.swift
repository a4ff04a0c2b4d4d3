// SPDX-License-Identifier: Apache-2.0
package import GStreamer
internal import Glibc

/// A gst-launch description from a file in `pipelines/`, with `{placeholders}` for what config.toml says.
///
/// `{width}` stands for a value. `{camera-name=device}` stands for `camera-name="…"`, or for nothing if the value is
/// empty. Lines that begin with `#` are comments.
package struct PipelineDescription: Equatable, Sendable {
    /// A mistake in a description, with its place: `/etc/martlet/pipelines/capture/mine.gst:3:17: …`.
    package struct Mistake: Error, Equatable, CustomStringConvertible {
        package let file: String
        package let line: Int?
        package let column: Int?
        package let text: String

        package var description: String {
            "\(file):\(line.map { "\($0):" } ?? "")\(column.map { "\($0):" } ?? "") \(text)"
        }
    }

    /// The file that it was read from.
    package let file: String
    private let text: String

    package init(file: String, text: String) {
        (self.file, self.text) = (file, text)
    }

    /// Fills the placeholders in and leaves the comments out: what gst-launch-1.0 would take, on one line.
    package func filled(with values: [String: String]) throws(Mistake) -> String {
        var result = ""
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.drop(while: { $0 == " " }).first == "#" { continue }
            let filled = try fill(line, number: index + 1, with: values)
            // Blanks within a line stay: they may be part of a value.
            let trimmed = filled.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            if !trimmed.isEmpty { result += (result.isEmpty ? "" : " ") + String(trimmed) }
        }
        return result
    }

    private func fill(_ line: Substring, number: Int, with values: [String: String]) throws(Mistake) -> String {
        var result = ""
        var rest = line
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            let column = line.distance(from: line.startIndex, to: open) + 1
            guard let close = rest[open...].firstIndex(of: "}") else {
                throw Mistake(file: file, line: number, column: column, text: "'{' without its '}'")
            }
            let inside = rest[rest.index(after: open)..<close]
            rest = rest[rest.index(after: close)...]
            let parts = inside.split(separator: "=", maxSplits: 1)
            let name = String(parts.last ?? "")
            guard let value = values[name] else {
                throw Mistake(
                    file: file,
                    line: number,
                    column: column,
                    text: "unknown placeholder '{\(inside)}'; there are "
                        + values.keys.sorted().map { "{\($0)}" }.joined(separator: ", ")
                )
            }
            let escaped = Self.escaped(value)
            if parts.count == 1 {
                result += escaped
            } else if !value.isEmpty {
                result += "\(parts[0])=\"\(escaped)\""
            } else if result.last == " " {
                result.removeLast()
            }
        }
        return result + rest
    }

    /// A value as it may stand between double quotes in a description.
    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { result, character in
            if character == "\"" || character == "\\" { result.append("\\") }
            result.append(character)
        }
    }

    /// Parses the filled description into a pipeline.
    package func makePipeline(with values: [String: String]) throws(Mistake) -> Pipeline {
        let filled = try filled(with: values)
        do throws(ParseError) { return try Pipeline(parsing: filled) } catch { throw mistake(error) }
    }

    /// Parses the filled description into a bin with ghost pads.
    package func makeBin(with values: [String: String]) throws(Mistake) -> Bin {
        let filled = try filled(with: values)
        do throws(ParseError) { return try Bin.parse(filled) } catch { throw mistake(error) }
    }

    /// The element that a description must have for us to hold it by.
    package func missing(_ element: String) -> Mistake {
        Mistake(file: file, line: nil, column: nil, text: "has no element '\(element)'")
    }

    private func mistake(_ error: ParseError) -> Mistake {
        // GStreamer says no place, but it names the element or property: the first line that has the word.
        let words =
            error.missingElements
            + error.text.split(separator: "\"").enumerated().filter { $0.offset % 2 == 1 }
            .map { String($0.element) }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let place = words.lazy.compactMap { word in lines.firstIndex { $0.contains(word) } }.first
        return Mistake(file: file, line: place.map { $0 + 1 }, column: nil, text: error.description)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// One thing that is wrong in a configuration, told as a compiler tells it: place, problem, next step.
package struct Diagnostic: Error, Equatable, Sendable {
    package enum Severity: String, Encodable, Comparable, Sendable {
        /// Nothing can run with it.
        case error
        /// It changes nothing, or not what its author may think.
        case warning

        /// An error comes first.
        package static func < (left: Severity, right: Severity) -> Bool { left == .error && right == .warning }
    }

    package let severity: Severity
    package let place: Place
    /// The key that has the value in question, as in `store.recording.max-space`.
    package let key: String?
    package let message: String
    /// What to do about it.
    package let hint: String?

    package init(
        _ severity: Severity,
        at place: Place,
        key: String? = nil,
        _ message: String,
        hint: String? = nil
    ) {
        self.severity = severity
        self.place = place
        self.key = key
        self.message = message
        self.hint = hint
    }
}

extension Diagnostic: CustomStringConvertible {
    /// One line: `config.toml:12:13: error: camera.framerate: expected a whole number from 1 to 120, found …`.
    package var description: String {
        "\(place): \(severity): \(key.map { $0 + ": " } ?? "")\(message)\(hint.map { "; " + $0 } ?? "")"
    }

    /// The description, the line that it is about and a caret, each line ended.
    package var report: String {
        guard let position = place.position else { return description + "\n" }
        let excerpt = Excerpt(of: place.source.line(position.line), column: position.column)
        return "\(description)\n    \(excerpt.line)\n    \(excerpt.caret)\n"
    }
}

extension Diagnostic: Encodable {
    private enum CodingKeys: String, CodingKey {
        case severity, file, line, column, key, message, hint
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(severity, forKey: .severity)
        try container.encode(place.file, forKey: .file)
        try container.encodeIfPresent(place.position?.line, forKey: .line)
        try container.encodeIfPresent(place.position?.column, forKey: .column)
        try container.encodeIfPresent(key, forKey: .key)
        try container.encode(message, forKey: .message)
        try container.encodeIfPresent(hint, forKey: .hint)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CTOML

extension Node {
    /// Parses a whole file into its root table.
    ///
    /// - Throws: A `Diagnostic` with the first error of syntax.
    init(parsing file: SourceFile) throws(Diagnostic) {
        if let position = file.invalidUTF8 {
            throw Diagnostic(
                .error,
                at: Place(file, line: position.line, column: position.column),
                "what is here is not UTF-8",
                hint: "save the file as UTF-8"
            )
        }
        var text = file.text
        let result = text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { Self.parse($0, of: file) }
        }
        self = try result.get()
    }

    private static func parse(_ text: UnsafeBufferPointer<CChar>, of file: SourceFile) -> Result<Node, Diagnostic> {
        let document = ctoml_parse(text.baseAddress, text.count)
        defer { ctoml_free(document) }
        if let root = ctoml_root(document) { return .success(Node(copying: root.pointee, of: file)) }
        var place = ctoml_place()
        let message = String(ctoml_error(document, &place))
        return .failure(syntaxError(message, at: Place(file, place)))
    }

    /// Copies the whole tree; it is at most `CTOML_MAX_DEPTH` deep.
    private init(copying node: ctoml_node, of file: SourceFile) {
        place = Place(file, node.place)
        keyPlace = node.key_place.line == 0 ? place : Place(file, node.key_place)
        switch node.kind {
        case CTOML_TABLE:
            var table = Table(minimumCapacity: node.children.count)
            for child in node.elements { table[String(child.key)] = Node(copying: child, of: file) }
            value = .table(table)
        case CTOML_ARRAY: value = .array(node.elements.map { Node(copying: $0, of: file) })
        case CTOML_STRING: value = .string(String(node.string))
        case CTOML_INTEGER: value = .integer(node.integer)
        case CTOML_FLOAT: value = .float(node.number)
        case CTOML_BOOLEAN: value = .boolean(node.boolean)
        default: value = .date
        }
    }

    /// Puts toml++'s "Error while parsing boolean: expected 'true', saw 'tru'" into our words.
    private static func syntaxError(_ message: String, at place: Place) -> Diagnostic {
        let prefix = "Error while parsing "
        let parts = message.hasPrefix(prefix) ? message.dropFirst(prefix.count).firstRange(of: ": ") : nil
        guard let parts else { return Diagnostic(.error, at: place, "syntax error: \(shortened(message))") }
        let subject = message[..<parts.lowerBound].dropFirst(prefix.count)
        let problem = message[parts.upperBound...]
        return Diagnostic(
            .error,
            at: place,
            "syntax error in \(subject): \(shortened(problem))",
            hint: hint(for: problem, in: String(subject), at: place)
        )
    }

    private static func hint(for problem: Substring, in subject: String, at place: Place) -> String? {
        let needsQuotes = ["value", "boolean", "floating-point", "inf or nan", "date", "time", "date-time"]
        if needsQuotes.contains(subject) || problem.hasPrefix("expected a comment or whitespace") {
            return "text, and a number with a unit, stand in quotes"
        }
        let isAtLineEnd = place.position.map { $0.column > place.source.line($0.line).unicodeScalars.count } ?? false
        return subject.hasSuffix("string") && isAtLineEnd ? "close the quotes on the line they begin on" : nil
    }

    /// toml++ repeats what it read, as long as that may be.
    private static func shortened(_ message: some StringProtocol) -> String {
        quoted(message, mark: "", longest: 150)
    }
}

extension ctoml_node {
    fileprivate var elements: UnsafeBufferPointer<ctoml_node> {
        UnsafeBufferPointer(start: children.first, count: children.count)
    }
}

extension String {
    fileprivate init(_ text: ctoml_text) {
        let bytes = UnsafeRawBufferPointer(start: text.bytes, count: text.length)
        self = String(decoding: bytes, as: UTF8.self)
    }
}

extension Place {
    fileprivate init(_ file: SourceFile, _ place: ctoml_place) {
        self.init(file, line: Int(place.line), column: Int(place.column))
    }
}

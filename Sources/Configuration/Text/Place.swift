// SPDX-License-Identifier: Apache-2.0

/// Where in a configuration something is written.
package struct Place: Sendable {
    /// The line, from 1, and the column in it, from 1 in characters (code points, not bytes).
    package struct Position: Equatable, Comparable, Sendable {
        package let line: Int
        package let column: Int

        package static func < (left: Position, right: Position) -> Bool {
            (left.line, left.column) < (right.line, right.column)
        }
    }

    let source: SourceFile
    /// `nil` is the file as a whole.
    package let position: Position?

    init(_ source: SourceFile, line: Int, column: Int) {
        self.source = source
        position = Position(line: line, column: column)
    }

    init(wholeOf source: SourceFile) {
        self.source = source
        position = nil
    }

    /// The file, as the user named it.
    package var file: String { source.path }
}

extension Place: CustomStringConvertible {
    /// `config.toml:12:9`, or the file alone.
    package var description: String {
        position.map { "\(file):\($0.line):\($0.column)" } ?? file
    }
}

extension Place: Equatable, Comparable {
    package static func == (left: Place, right: Place) -> Bool {
        left.file == right.file && left.position == right.position
    }

    /// In the order in which the files are read; the file as a whole comes before all its lines.
    package static func < (left: Place, right: Place) -> Bool {
        if left.source.order != right.source.order { return left.source.order < right.source.order }
        guard let rightPosition = right.position else { return false }
        guard let leftPosition = left.position else { return true }
        return leftPosition < rightPosition
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A table for the terminal: columns as wide as their widest cell.
enum Columns {
    /// Lays rows out; `alignedRight` are the columns of numbers, from 0.
    static func lines(_ rows: [[String]], alignedRight: Set<Int> = []) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.compactMap { $0.indices.contains(column) ? $0[column].count : nil }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                if alignedRight.contains(column) { return cell.leftPadded(to: widths[column]) }
                // The last column is not filled up: no line ends in blanks.
                if column == row.count - 1 { return cell }
                return cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
        }
    }
}

extension String {
    /// The text with as many fillers before it as make it `width` characters long.
    func leftPadded(to width: Int, with filler: Character = " ") -> String {
        String(repeating: filler, count: max(0, width - count)) + self
    }
}

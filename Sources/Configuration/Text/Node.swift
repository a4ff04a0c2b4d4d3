// SPDX-License-Identifier: Apache-2.0

/// A value of a TOML document, and where it is written.
struct Node: Sendable {
    enum Value: Sendable {
        case table(Table)
        case array([Node])
        case string(String)
        case integer(Int64)
        case float(Double)
        case boolean(Bool)
        case date
    }

    var value: Value
    /// Of the value; of a table's header, where it has one.
    let place: Place
    /// Of the key in front of the value; the value's own for what has no key.
    let keyPlace: Place
}

/// A table of a TOML document: what each key in it holds.
typealias Table = [String: Node]

extension Node {
    var table: Table? {
        if case .table(let table) = value { table } else { nil }
    }

    /// What this is, for "expected …, found …".
    var found: String {
        switch value {
        case .table: "a table"
        case .array: "an array"
        case .string(let text): quoted(text)
        case .integer(let number): "the integer \(number)"
        case .float(let number): "the float \(number)"
        case .boolean(let flag): "the boolean \(flag)"
        case .date: "a date"
        }
    }

    /// Takes in a later file's value: tables merge key by key, anything else replaces what was there.
    mutating func merge(_ later: Node) {
        guard case .table(var table) = value, case .table(let additions) = later.value else {
            self = later
            return
        }
        for (key, addition) in additions {
            table[key, default: addition].merge(addition)
        }
        value = .table(table)
    }

    /// Takes in what another says and this does not, but for tables at the paths that `isBeginning` refuses.
    mutating func underlay(_ other: Node, at path: [String] = [], unless isBeginning: ([String]) -> Bool) {
        guard case .table(var table) = value, case .table(let additions) = other.value else { return }
        for (key, addition) in additions {
            if table[key] != nil {
                table[key]?.underlay(addition, at: path + [key], unless: isBeginning)
            } else if addition.table == nil || !isBeginning(path + [key]) {
                table[key] = addition
            }
        }
        value = .table(table)
    }
}

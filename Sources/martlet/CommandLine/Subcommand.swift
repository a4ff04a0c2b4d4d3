// SPDX-License-Identifier: Apache-2.0
internal import GLib

/// One thing that the command can do: what it is called, what it takes, and what it runs.
struct Subcommand: Sendable {
    /// An option such as `--config FILE`, or `--json` without a value.
    struct Option: Sendable {
        let name: String
        /// What the value is called in the help; `nil` if the option takes none.
        let value: String?
        let help: String
    }

    /// A word without dashes, such as a camera's name.
    struct Operand: Sendable {
        let name: String
        let help: String
        var isRequired = false
    }

    /// One or more words, such as `chunks list`.
    let name: String
    /// One line for the list of subcommands.
    let summary: String
    /// What the help says beyond the options.
    var discussion = ""
    var operands: [Operand] = []
    var options: [Option] = []
    let run: @MainLoop @Sendable (Arguments, Terminal) async -> ExitStatus
}

/// What a subcommand was given.
struct Arguments: Equatable, Sendable {
    private(set) var operands: [String] = []
    private(set) var options: [String: String] = [:]

    /// The value of `--name VALUE`; the empty text for one without a value; `nil` if it was not given.
    subscript(option: String) -> String? { options[option] }

    func has(_ option: String) -> Bool { options[option] != nil }

    mutating func set(_ option: String, to value: String) { options[option] = value }

    mutating func append(_ operand: String) { operands.append(operand) }
}

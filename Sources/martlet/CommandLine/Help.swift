// SPDX-License-Identifier: Apache-2.0

/// The help texts, made from the table of subcommands.
enum Help {
    /// `martlet --help`.
    static func overview(_ subcommands: [Subcommand]) -> String {
        """
        Martlet records cameras and loses nothing.

        usage: martlet SUBCOMMAND [OPTION …]

        \(table(subcommands.map { ("martlet \(usage($0))", $0.summary) }))

        'martlet SUBCOMMAND --help' says more of each. 'martlet --version' prints the version.
        """
    }

    /// `martlet chunks --help`.
    static func group(_ name: String, _ subcommands: [Subcommand]) -> String {
        let group = subcommands.filter { $0.name.hasPrefix(name + " ") }
        return table(group.map { ("martlet \(usage($0))", $0.summary) })
    }

    /// `martlet store --help`.
    static func page(_ subcommand: Subcommand) -> String {
        var paragraphs = ["usage: martlet \(usage(subcommand))", "\(subcommand.summary)."]
        if !subcommand.discussion.isEmpty { paragraphs.append(subcommand.discussion) }
        let operands = subcommand.operands.map { ($0.name, $0.help) }
        let options = subcommand.options.map { (written($0), $0.help) }
        if !(operands + options).isEmpty { paragraphs.append(table(operands + options)) }
        return paragraphs.joined(separator: "\n\n")
    }

    /// `store [--config FILE]`.
    static func usage(_ subcommand: Subcommand) -> String {
        let operands = subcommand.operands.map { $0.isRequired ? $0.name : "[\($0.name)]" }
        let options = subcommand.options.map { "[\(written($0))]" }
        return ([subcommand.name] + operands + options).joined(separator: " ")
    }

    private static func written(_ option: Subcommand.Option) -> String {
        "--\(option.name)" + (option.value.map { " \($0)" } ?? "")
    }

    private static func table(_ rows: [(String, String)]) -> String {
        let width = min(rows.map(\.0.count).max() ?? 0, 36)
        return rows.map { left, right in
            // A long left side has a line of its own.
            left.count > width
                ? "  \(left)\n  \(String(repeating: " ", count: width))  \(right)"
                : "  \(left)\(String(repeating: " ", count: width - left.count))  \(right)"
        }.joined(separator: "\n")
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Configuration

/// Words that cannot be understood, in words that help.
struct UsageError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What the words of a command line ask for.
enum Invocation {
    case run(Subcommand, Arguments)
    case help(String)
    case version

    /// - Throws: ``UsageError`` that names the word and what may have been meant.
    init(parsing words: [String], among subcommands: [Subcommand]) throws(UsageError) {
        guard let first = words.first else {
            throw UsageError("martlet: what is to be done? 'martlet --help' lists what there is")
        }
        if first == "--version" {
            self = .version
            return
        }
        if first == "--help" || first == "-h" || first == "help" {
            self = .help(Help.overview(subcommands))
            return
        }
        let (subcommand, rest) = try Self.subcommand(words, among: subcommands)
        guard let subcommand else {
            self = .help(Help.group(first, subcommands))
            return
        }
        if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
            self = .help(Help.page(subcommand))
            return
        }
        self = .run(subcommand, try Self.arguments(rest, of: subcommand))
    }

    /// The subcommand that the first words name, and the words behind them; `nil` for help on a group of them.
    private static func subcommand(
        _ words: [String],
        among subcommands: [Subcommand]
    ) throws(UsageError) -> (Subcommand?, ArraySlice<String>) {
        if let found = subcommands.first(where: { $0.name == words[0] }) { return (found, words.dropFirst()) }
        let group = subcommands.filter { $0.name.hasPrefix(words[0] + " ") }
        if group.isEmpty {
            if words[0].hasPrefix("-") {
                throw UsageError(
                    "martlet: unknown option '\(words[0])'; options come behind a subcommand, see 'martlet --help'"
                )
            }
            let names = Set(subcommands.map { String($0.name.prefix { $0 != " " }) })
            throw UsageError("martlet: unknown subcommand '\(words[0])'\(suggestion(words[0], among: names.sorted()))")
        }
        let second = words.dropFirst().first
        if second == nil || second == "--help" || second == "-h" { return (nil, []) }
        guard let found = group.first(where: { $0.name == "\(words[0]) \(words[1])" }) else {
            let names = group.map { String($0.name.dropFirst(words[0].count + 1)) }
            throw UsageError(
                "martlet \(words[0]): unknown subcommand '\(words[1])'\(suggestion(words[1], among: names))"
            )
        }
        return (found, words.dropFirst(2))
    }

    private static func arguments(
        _ words: ArraySlice<String>,
        of subcommand: Subcommand
    ) throws(UsageError) -> Arguments {
        let command = "martlet \(subcommand.name)"
        var arguments = Arguments()
        var rest = words
        var onlyOperands = false
        while let word = rest.popFirst() {
            if !onlyOperands, word == "--" {
                onlyOperands = true
            } else if !onlyOperands, word.hasPrefix("-"), word != "-" {
                let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                guard let option = subcommand.options.first(where: { "--\($0.name)" == parts[0] }) else {
                    let names = subcommand.options.map { "--\($0.name)" }
                    throw UsageError("\(command): unknown option '\(parts[0])'\(suggestion(parts[0], among: names))")
                }
                if arguments.has(option.name) { throw UsageError("\(command): --\(option.name) is given twice") }
                guard let value = option.value else {
                    if parts.count > 1 { throw UsageError("\(command): --\(option.name) takes no value") }
                    arguments.set(option.name, to: "")
                    continue
                }
                guard let given = parts.count > 1 ? parts[1] : rest.popFirst() else {
                    throw UsageError("\(command): --\(option.name) needs a value: --\(option.name) \(value)")
                }
                arguments.set(option.name, to: given)
            } else if arguments.operands.count < subcommand.operands.count {
                arguments.append(word)
            } else {
                throw UsageError("\(command): unexpected '\(word)'; see '\(command) --help'")
            }
        }
        let missing = subcommand.operands.dropFirst(arguments.operands.count).first { $0.isRequired }
        if let missing { throw UsageError("\(command): \(missing.name) is missing: \(missing.help)") }
        return arguments
    }

    private static func suggestion(_ word: String, among words: [String]) -> String {
        if let near = nearest(word, among: words) { return "; did you mean '\(near)'?" }
        return words.isEmpty ? "; it takes none" : "; there are \(words.joined(separator: ", "))"
    }
}

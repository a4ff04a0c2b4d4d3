// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import GLib

/// `martlet user`: the people who may log in.
@MainLoop enum UserCommand {
    static func add(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        await AccessCommand.run(arguments, terminal) { store in
            let name = arguments.operands[0]
            let role = try role(arguments["role"] ?? Role.viewer.rawValue)
            guard User.isName(name) else {
                throw UsageError("'\(name)' is no name: letters a–z and A–Z, digits, '.', '_', '-' and '@', at most 64")
            }
            let password = try Passphrase.new(arguments["password-file"], terminal)
            try await store.add(name, role: role, password: password, at: AccessCommand.now)
            terminal.complain("'\(name)' may log in as \(role.rawValue): kept in \(store.directory)")
        }
    }

    static func list(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        await AccessCommand.run(arguments, terminal) { store in
            let users = try await store.users()
            if arguments.has("json") {
                terminal.print(try JSON.text(users.map(ListedUser.init)))
            } else if users.isEmpty {
                terminal.complain("there is no user yet: 'martlet user add NAME --role admin' makes one")
            } else {
                let rows = users.map { [$0.name, $0.role.rawValue, AccessCommand.local($0.created)] }
                for line in Columns.lines([["name", "role", "since"]] + rows) { terminal.print(line) }
            }
        }
    }

    static func password(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        await AccessCommand.run(arguments, terminal) { store in
            let password = try Passphrase.new(arguments["password-file"], terminal)
            try await store.setPassword(password, of: arguments.operands[0])
            terminal.complain("'\(arguments.operands[0])' has a new password")
        }
    }

    static func role(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        await AccessCommand.run(arguments, terminal) { store in
            let role = try role(arguments.operands[1])
            try await store.setRole(role, of: arguments.operands[0])
            terminal.complain("'\(arguments.operands[0])' is \(role.rawValue) now")
        }
    }

    static func remove(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        await AccessCommand.run(arguments, terminal) { store in
            try await store.remove(arguments.operands[0])
            terminal.complain("'\(arguments.operands[0])' may no longer log in")
        }
    }

    private static func role(_ text: String) throws -> Role {
        if let role = Role(rawValue: text) { return role }
        let roles = Role.allCases.map(\.rawValue).joined(separator: ", ")
        throw UsageError("'\(text)' is no role; there are \(roles)")
    }

    private struct ListedUser: Encodable {
        let name: String
        let role: String
        let since: Int64

        init(_ user: User) { (name, role, since) = (user.name, user.role.rawValue, user.created) }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Configuration
internal import GLib

/// `martlet token`: what devices show instead of a password, and `martlet fingerprint`, by which they know this machine.
@MainLoop enum TokenCommand {
    static func issue(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        await AccessCommand.run(arguments, terminal) { store in
            let camera = arguments.operands[0]
            do throws(InvalidValue) { _ = try CameraName(parsing: camera) } catch {
                throw UsageError("'\(camera)' is no camera's name: letters a–z, digits and '-', at most 63")
            }
            let text = arguments["rights"] ?? DeviceToken.Rights.read.rawValue
            guard let rights = DeviceToken.Rights(rawValue: text) else {
                let known = DeviceToken.Rights.allCases.map(\.rawValue).joined(separator: ", ")
                throw UsageError("'\(text)' are no rights; there are \(known)")
            }
            terminal.print(try await store.issue(for: camera, rights: rights, at: AccessCommand.now))
        }
    }

    static func list(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        await AccessCommand.run(arguments, terminal) { store in
            let tokens = try await store.tokens()
            if arguments.has("json") {
                terminal.print(try JSON.text(tokens.map(ListedToken.init)))
            } else if tokens.isEmpty {
                terminal.complain("there is no token yet: 'martlet token issue CAMERA' makes one")
            } else {
                let rows = tokens.map { [$0.id, $0.camera, $0.rights.rawValue, AccessCommand.local($0.created)] }
                for line in Columns.lines([["id", "camera", "rights", "since"]] + rows) { terminal.print(line) }
            }
        }
    }

    static func revoke(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        await AccessCommand.run(arguments, terminal) { store in
            try await store.revoke(arguments.operands[0])
            terminal.complain("the token is worth nothing any more")
        }
    }

    static func fingerprint(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        await AccessCommand.run(arguments, terminal) { store in
            let files = try AccessDirectory.certificate(in: store.directory, isNew: arguments.has("renew"))
            terminal.print(try Certificate.fingerprint(of: files.certificate))
        }
    }

    private struct ListedToken: Encodable {
        let id: String
        let camera: String
        let rights: String
        let since: Int64

        init(_ token: DeviceToken) {
            (id, camera, rights, since) = (token.id, token.camera, token.rights.rawValue, token.created)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import FoundationEssentials
internal import GLib
internal import Glibc

/// `martlet status`: how the daemons of a configuration are.
@MainLoop enum StatusCommand {
    /// What one look at one daemon came to.
    private enum Look {
        case answered(Status)
        case notRunning(Configuration.Role)
        case refused(String)
    }

    static func run(_ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        let path = arguments.configurationPath
        let roles: [Configuration.Role]
        let areConfigured: Bool
        switch configured(in: path, terminal) {
        case .success(let found): (roles, areConfigured) = found
        case .failure(let failure): return failure.status
        }
        let isDrawn = arguments.has("watch") && isatty(STDOUT_FILENO) != 0
        while true {
            let looks = roles.map { look(at: $0, of: path) }
            if isDrawn { terminal.clear() }
            var status = show(looks, path, asJSON: arguments.has("json"), arguments.has("watch"), terminal)
            // One of two that runs does not make up for the other.
            let answers = looks.count { if case .answered = $0 { true } else { false } }
            for case .notRunning(let role) in looks where areConfigured && answers > 0 {
                terminal.complain(notRunning(role, path))
                status = .wrong
            }
            guard arguments.has("watch"), terminal.isRead else { return status }
            do { try await Task.sleep(for: .seconds(1)) } catch { return status }
        }
    }

    private static func notRunning(_ role: Configuration.Role, _ path: String) -> String {
        "\(role): not running with \(path)"
    }

    /// Those of the file; of one with mistakes both, since the daemons that run may have been started before these: then
    /// nobody knows which of them should.
    private static func configured(
        in path: String,
        _ terminal: Terminal
    ) -> Result<(roles: [Configuration.Role], areConfigured: Bool), ExitFailure> {
        do throws(Unreadable) {
            guard let configuration = try Configuration.load(path: path).configuration else {
                return .success(([.camera, .store], false))
            }
            var roles: [Configuration.Role] = []
            if configuration.camera != nil { roles.append(.camera) }
            if configuration.store != nil { roles.append(.store) }
            if roles.isEmpty {
                // An editor may have emptied it a moment ago.
                if isAnybody(of: path) { return .success(([.camera, .store], false)) }
                terminal.complain("\(path) describes neither a camera nor a store")
                return .failure(ExitFailure(status: .wrongUse))
            }
            return .success((roles, true))
        } catch {
            // The daemon may run all the same: its file may have been taken away behind it.
            if isAnybody(of: path) { return .success(([.camera, .store], false)) }
            terminal.complain(error.description)
            return .failure(ExitFailure(status: .wrongUse))
        }
    }

    /// Whether a daemon runs that was started with a file, whatever has become of it since.
    private static func isAnybody(of path: String) -> Bool {
        [Configuration.Role.camera, .store].contains { role in
            if case .answered = look(at: role, of: path) { true } else { false }
        }
    }

    /// A daemon that does not answer in so long, in seconds, hangs or was stopped: that is what is to be said then.
    private static let patience = 10

    private static func look(at role: Configuration.Role, of path: String) -> Look {
        let file = ControlAddress.canonical(path)
        var refusal: String?
        for place in ControlAddress.all(role, configuration: path) {
            do {
                guard case .status(let status) = try ControlClient.ask(.status, at: place, patience: patience) else {
                    continue
                }
                // systemd's daemon may have another configuration than the one that is asked about.
                if status.role == role.rawValue, status.configuration.file == file { return .answered(status) }
            } catch let error as FileError {
                if error.code == ENOENT || error.code == ECONNREFUSED { continue }
                let hint = error.code == EACCES ? "; ask as root, or as a member of the group martlet" : ""
                // It may be another's: the next is asked all the same.
                refusal = refusal ?? "\(role): \(error)\(hint)"
            } catch {
                refusal = refusal ?? "\(role): the daemon's answer at \(place) cannot be understood: \(error)"
            }
        }
        if let refusal { return .refused(refusal) }
        return .notRunning(role)
    }

    /// One daemon's status is an object, that of several an array of them.
    private static func text(_ found: [Status], onOneLine: Bool) throws -> String {
        guard found.count == 1 else { return try JSON.text(found, onOneLine: onOneLine) }
        return try JSON.text(found[0], onOneLine: onOneLine)
    }

    private static func show(
        _ looks: [Look],
        _ path: String,
        asJSON: Bool,
        _ isWatching: Bool,
        _ terminal: Terminal
    ) -> ExitStatus {
        var found: [Status] = []
        var status = ExitStatus.done
        var missing: [Configuration.Role] = []
        for look in looks {
            switch look {
            case .answered(let answer):
                found.append(answer)
                if !answer.well { status = .wrong }
            case .refused(let text):
                terminal.complain(text)
                status = .wrong
            case .notRunning(let role): missing.append(role)
            }
        }
        if asJSON {
            do { terminal.print(try text(found, onOneLine: isWatching)) } catch {
                terminal.complain("the status cannot be written as JSON: \(error)")
                return .wrong
            }
        } else if !found.isEmpty {
            terminal.print(found.map { $0.report.joined(separator: "\n") }.joined(separator: "\n\n"))
        }
        for role in missing where found.isEmpty { terminal.complain(notRunning(role, path)) }
        return found.isEmpty && status == .done ? .notRunning : status
    }
}

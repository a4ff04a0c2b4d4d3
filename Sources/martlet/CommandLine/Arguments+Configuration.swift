// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Glibc

extension Arguments {
    /// The configuration's path: `--config`, else `$MARTLET_CONFIG`, else the first that is there.
    var configurationPath: String {
        if let given = self["config"] { return given }
        if let variable = getenv("MARTLET_CONFIG") { return String(cString: variable) }
        let standard = "/etc/martlet/config.toml"
        return access(standard, F_OK) == 0 ? standard : "config.toml"
    }

    /// Loads the configuration for a role and says what is wrong with it; a status, if nothing can run.
    func loadConfiguration(
        requiring role: Configuration.Role,
        _ terminal: Terminal
    ) -> Result<Loaded, ExitFailure> {
        let loaded: Loaded
        do throws(Unreadable) { loaded = try Configuration.load(path: configurationPath).requiring(role) } catch {
            terminal.complain(error.description)
            return .failure(ExitFailure(status: .wrongUse))
        }
        for diagnostic in loaded.diagnostics { terminal.complain(diagnostic.report) }
        return loaded.hasErrors ? .failure(ExitFailure(status: .wrong)) : .success(loaded)
    }
}

/// A command is over, and has said why.
struct ExitFailure: Error {
    let status: ExitStatus
}

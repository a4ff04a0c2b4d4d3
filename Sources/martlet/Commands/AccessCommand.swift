// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Configuration
internal import Footage
internal import GLib

/// What `martlet user`, `token` and `fingerprint` have in common: the configuration says where users and tokens are.
@MainLoop enum AccessCommand {
    /// Opens the store and does something there; what is wrong is said.
    static func run(
        _ arguments: Arguments,
        _ terminal: Terminal,
        _ body: (AccessStore) async throws -> Void
    ) async -> ExitStatus {
        let access: Configuration.Access
        switch configuration(arguments, terminal) {
        case .success(let found): access = found.access
        case .failure(let failure): return failure.status
        }
        do {
            try await body(try AccessDirectory.open(access))
            return .done
        } catch let error as UsageError {
            terminal.complain(error.description)
            return .wrongUse
        } catch {
            terminal.complain("\(error)")
            return .wrong
        }
    }

    /// Without a file the defaults hold: somebody is to be let in before there is anything else.
    static func configuration(_ arguments: Arguments, _ terminal: Terminal) -> Result<Configuration, ExitFailure> {
        let loaded: Loaded
        do throws(Unreadable) { loaded = try Configuration.load(path: arguments.configurationPath) } catch {
            if !arguments.has("config"), let defaults = Configuration.parse("").configuration {
                return .success(defaults)
            }
            terminal.complain(error.description)
            return .failure(ExitFailure(status: .wrongUse))
        }
        guard let configuration = loaded.configuration else {
            terminal.complain("\(arguments.configurationPath) has mistakes; see 'martlet check'")
            return .failure(ExitFailure(status: .wrongUse))
        }
        return .success(configuration)
    }

    static var now: Int64 { UTCTime.now.nanoseconds / 1_000_000_000 }

    /// Seconds since 1970 as the machine's own clock shows them, to the minute.
    static func local(_ seconds: Int64) -> String {
        String(UTCTime(nanoseconds: seconds * 1_000_000_000).local.prefix("2026-11-21 10:20".count))
    }
}

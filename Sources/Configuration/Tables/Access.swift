// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// `[access]`: who may see and do what.
    package struct Access: Equatable, Sendable {
        /// Where users, tokens and the certificate are kept; an absolute path.
        ///
        /// `nil` is the service's state directory, or the user's own.
        package let directory: String?
        /// How long somebody stays logged in.
        package let sessionDuration: Duration
    }
}

extension Configuration.Access {
    init(reading table: TableReader) {
        directory = table.optional("directory", .directory, absent: Self.state, "Users, tokens, certificate.")
        sessionDuration = table.value(
            "session-duration",
            .session,
            default: .days(30),
            "How long a login lasts."
        )
    }

    private static let state = "systemd's state directory, else `~/.local/state/martlet`"
}

extension Format<Duration> {
    fileprivate static var session: Format { .duration(in: .minutes(1) ... .days(3650)) }
}

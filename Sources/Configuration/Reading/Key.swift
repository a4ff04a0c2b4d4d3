// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// What there is to know about one key of `config.toml`.
    package struct Key: Equatable, Sendable {
        /// Whether a value has an effect.
        package enum Status: Sendable {
            case acts
            /// The value is read and checked, but nothing follows from it yet, which a warning says.
            case notYet
        }

        /// What holds when the key is not there.
        package enum Default: Equatable, Sendable {
            /// The key has to be there.
            case required
            /// A value, as TOML writes it.
            case value(String)
            /// What is done without a value, in a few words.
            case unset(String)
        }

        /// The table that the key is in, as in `camera.recording`; `NAME` stands for any name.
        package let table: String
        package let name: String
        /// What kind of value it takes, as in "size".
        package let type: String
        /// The values it takes, as in "1 … 120", unless `type` says it all.
        package let limits: String?
        package let `default`: Default
        /// What it means, in one sentence.
        package let summary: String
        package let status: Status
    }
}

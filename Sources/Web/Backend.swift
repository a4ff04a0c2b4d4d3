// SPDX-License-Identifier: Apache-2.0
package import Access
package import Configuration
package import Footage
package import Media

/// What the HTTP service is given to work with, by whoever runs it.
package struct Backend: Sendable {
    /// How everything is, as `martlet status --json` says it.
    package let status: @Sendable () async -> [UInt8]
    /// A camera as the status says it, or all of them; `nil` if there is no such camera.
    package let cameras: @Sendable (String?) async -> [UInt8]?
    /// What the page may change.
    package let settings: PageSettings
    /// They have been changed: what they say comes to be in force.
    package let settingsChanged: @Sendable () async -> Void
    /// The setting that says whether a camera is recorded; `nil` if there is no such camera.
    package let recordingKey: @Sendable (String) async -> String?
    /// Everybody who may come in.
    package let guests: @Sendable () async -> Guests
    /// Users, tokens and sessions.
    ///
    /// - Throws: while they cannot be read, in words for the user.
    package let access: @Sendable () async throws -> AccessStore
    /// Chunks and their index.
    ///
    /// - Throws: while the directory is away, in words for the user.
    package let store: @Sendable () async throws -> ChunkStore
    /// What the footage's file system has free, in bytes; `nil` while the directory is away.
    package let freeSpace: @Sendable () async throws -> Int64?
    /// A camera's live sequence; `nil` if there is no such camera.
    package let feed: @Sendable (String) async -> Feed?
    /// Where a camera that cannot be reached is asked about its card; `nil` for one that can, or is not here.
    package let exchange: @Sendable (String) async -> CardExchange?
    /// How long somebody stays logged in, in seconds.
    package let sessionSeconds: @Sendable () async -> Int64

    package init(
        status: @escaping @Sendable () async -> [UInt8],
        cameras: @escaping @Sendable (String?) async -> [UInt8]?,
        settings: PageSettings,
        settingsChanged: @escaping @Sendable () async -> Void,
        recordingKey: @escaping @Sendable (String) async -> String?,
        guests: @escaping @Sendable () async -> Guests,
        access: @escaping @Sendable () async throws -> AccessStore,
        store: @escaping @Sendable () async throws -> ChunkStore,
        freeSpace: @escaping @Sendable () async throws -> Int64?,
        feed: @escaping @Sendable (String) async -> Feed?,
        exchange: @escaping @Sendable (String) async -> CardExchange? = { _ in nil },
        sessionSeconds: @escaping @Sendable () async -> Int64
    ) {
        (self.status, self.cameras, self.guests, self.access) = (status, cameras, guests, access)
        (self.settings, self.settingsChanged, self.recordingKey) = (settings, settingsChanged, recordingKey)
        (self.store, self.freeSpace) = (store, freeSpace)
        (self.feed, self.exchange, self.sessionSeconds) = (feed, exchange, sessionSeconds)
    }
}

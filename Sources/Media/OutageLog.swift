// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import GStreamer

/// What has been said of an outage: a camera may be away for a week, and its causes may take turns.
@MainLoop final class OutageLog {
    /// When each cause was last said.
    private var said: [String: ClockTime] = [:]
    private static let reminder = Duration.seconds(6 * 3600)
    /// Causes that are kept apart; beyond them they are made of numbers that change.
    private static let limit = 8

    nonisolated init() {}

    /// A cause is said once in an outage, and again after hours.
    func level(of cause: String) -> Log.Level { isNews(cause) ? .warning : .debug }

    func isNews(_ words: String) -> Bool {
        let now = ClockTime.now
        if let last = said[words], now - last < Self.reminder { return false }
        if said.count >= Self.limit, said[words] == nil {
            guard let newest = said.values.max(), now - newest >= Self.reminder else { return false }
        }
        said[words] = now
        return true
    }

    /// Frames flow again.
    func end() { said = [:] }
}

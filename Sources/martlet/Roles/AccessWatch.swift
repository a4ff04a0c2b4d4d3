// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Configuration
internal import GLib
internal import Serving

/// Has a running service know who may come in, and whoever may no longer leave at once.
@MainLoop final class AccessWatch {
    /// The command writes, the daemon sees: a token that is revoked ends what goes on with it within a second.
    private static let interval = Duration.milliseconds(400)

    private let store: AccessStore
    private(set) var guests: Guests
    var directory: String { store.directory }

    init(_ store: AccessStore) async throws(AccessFailure) {
        self.store = store
        guests = try await store.guests()
    }

    /// Tells of each change, until the task is cancelled.
    func follow(_ changed: @MainLoop (Guests) -> Void) async {
        var last: Int64?
        var trouble = ""
        while !Task.isCancelled {
            do throws(AccessFailure) {
                let version = try await store.version()
                if version != last {
                    guests = try await store.guests()
                    changed(guests)
                }
                (last, trouble) = (version, "")
            } catch {
                if trouble != error.description { Log.error("users and tokens cannot be read: \(error)") }
                trouble = error.description
            }
            do { try await Task.sleep(for: Self.interval) } catch { return }
        }
    }
}

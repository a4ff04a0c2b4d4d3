// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Configuration
internal import Dispatch
internal import GLib
internal import Serving

/// Has a running service know who may come in, and whoever may no longer leave at once.
///
/// Recording does not depend on it: where users and tokens cannot be read at the start nobody is let in until they can,
/// and later those stay who were known last.
@MainLoop final class AccessWatch {
    /// What cannot be opened is tried again so often.
    private static let pause = Duration.seconds(2)

    private let access: Configuration.Access?
    private var store: AccessStore?
    private(set) var guests = Guests.unknown
    /// Why users and tokens cannot be read, in words for the user.
    private(set) var trouble: String?
    let directory: String

    init(_ access: Configuration.Access?) async {
        self.access = access
        directory = AccessDirectory.path(access)
        do throws(AccessFailure) { guests = try await read() } catch { complain(error) }
    }

    /// Tells of each change, until the task is cancelled.
    func follow(_ changed: @MainLoop (Guests) -> Void) async {
        var last: Int64?
        // The command writes, the daemon sees: a token that is revoked ends what goes on with it within a second.
        let changes = FolderChanges(in: directory)
        while !Task.isCancelled {
            do throws(AccessFailure) {
                if store == nil { last = nil }
                let version = try await opened().version()
                if version != last {
                    guests = try await read()
                    changed(guests)
                }
                if trouble != nil { Log.notice("users and tokens can be read again") }
                (last, trouble) = (version, nil)
            } catch {
                complain(error)
                // It may be another file by now.
                store = nil
            }
            if store != nil {
                await changes.next()
            } else {
                do { try await MainLoop.sleep(for: Self.pause) } catch { return }
            }
        }
    }

    /// Keeps a password that is right with the parameters of now.
    func renewHash(of name: String, password: String) async {
        do throws(AccessFailure) { try await opened().renewHash(of: name, password: password) } catch {
            Log.warning("the password of '\(name)' keeps its former hash: \(error)")
        }
    }

    private func complain(_ error: AccessFailure) {
        let text = "users and tokens cannot be read: \(error)"
        if trouble != text { Log.error(text) }
        trouble = text
    }

    private func read() async throws(AccessFailure) -> Guests { try await opened().guests() }

    /// Opens it if it is not open.
    func opened() async throws(AccessFailure) -> AccessStore {
        if let store { return store }
        let access = access
        // A database that another process holds lets itself be waited for, not by the main loop.
        let result = await withCheckedContinuation { done in
            Self.queue.async {
                done.resume(returning: Result { () throws(AccessFailure) in try AccessDirectory.open(access) })
            }
        }
        let new = try result.get()
        store = new
        return new
    }

    private static let queue = DispatchQueue(label: "access-open")
}

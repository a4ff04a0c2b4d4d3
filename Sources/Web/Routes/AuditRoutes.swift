// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Footage
internal import GLib
internal import HTTP

/// Who did what, for those who are answerable for it.
enum AuditRoutes {
    static let routes = [
        Route(
            .get,
            "/audit",
            .role(.admin),
            "Who did what, the newest first",
            query: ["limit": "at most so many", "before": "an entry's number"]
        ) { call in
            let limit = try call.number("limit").map { Int(max(1, min($0, mostEntries))) } ?? 100
            let before = try call.number("before").map { Int64(max(0, min($0, 9e15))) } ?? .max
            let found = try await call.backend.access().audit(limit: limit + 1, before: before)
            return HTTPResponse(
                json: Page(entries: found.prefix(limit).map(ListedEntry.init), more: found.count > limit)
            )
        }
    ]

    private static let mostEntries = 1000.0

    private struct Page: Encodable {
        let entries: [ListedEntry]
        let more: Bool
    }

    private struct ListedEntry: Encodable {
        let id: Int64
        let time: String
        let user: String
        let address: String
        let action: String
        let what: String

        init(_ entry: AuditEntry) {
            (id, user, address) = (entry.id, entry.user, entry.address)
            time = UTCTime(nanoseconds: entry.time * 1_000_000_000).rfc3339
            (action, what) = (entry.action.rawValue, entry.what)
        }
    }
}

extension Call {
    /// Notes in the audit log what was done.
    ///
    /// It has been done: that it cannot be noted is said, and takes nothing back.
    func note(_ action: AuditEntry.Action, _ what: String, by user: String) async {
        do {
            let now = UTCTime.now.nanoseconds / 1_000_000_000
            try await backend.access().note(action, what, by: user, from: request.address, at: now)
        } catch {
            Log.write(.error, "the audit log does not take '\(action.rawValue) \(what)': \(error)", budget: "audit")
        }
    }
}

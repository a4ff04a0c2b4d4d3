// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Footage

/// A session as the page lists it.
struct ListedSession: Encodable {
    private let id: String
    private let since: String
    private let until: String
    private let address: String
    private let agent: String
    /// Whether it is the one that asks.
    private let current: Bool

    init(_ session: Session, in call: Call) {
        since = UTCTime(nanoseconds: session.created * 1_000_000_000).rfc3339
        until = UTCTime(nanoseconds: session.expires * 1_000_000_000).rfc3339
        (id, address, agent) = (session.id, session.address, session.agent)
        current = call.request.cookie(Caller.cookie).map { Session.id(of: $0) == session.id } ?? false
    }
}

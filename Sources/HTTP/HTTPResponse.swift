// SPDX-License-Identifier: Apache-2.0

/// What a client is answered.
package struct HTTPResponse: Sendable {
    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// A file that does not change any more, by its path: parts of it are sent where they are asked for (`Range`).
        case file(String)
        /// Sent part by part as they come; the next is asked for when the last has been written.
        ///
        /// With its length in bytes, where that is known, a client sees how far it is, and whether all of it has come.
        case stream(AsyncStream<[UInt8]>, byteCount: Int? = nil)
    }

    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: Body
    /// Asked twice a second while the body is sent: who may no longer have it gets no more of it.
    package var isStillWanted: (@Sendable () async -> Bool)?

    package init(_ status: Int, _ headers: [(String, String)] = [], body: Body = .none) {
        (self.status, self.body) = (status, body)
        self.headers = headers.map { (name: $0.0, value: $0.1) }
    }

    /// Such as `application/json`.
    package init(_ status: Int = 200, type: String, _ bytes: [UInt8], _ headers: [(String, String)] = []) {
        self.init(status, [("Content-Type", type)] + headers, body: .bytes(bytes))
    }
}

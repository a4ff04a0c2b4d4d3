// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Access

@Suite("Audit")
struct AuditTests {
    @Test("what was done is told, the newest first, page by page, also to another process")
    func pages() async throws {
        let scratch = try ScratchDirectory()
        let access = try AccessStore(directory: scratch("access"))
        for number in 1...5 {
            try await access.note(.export, "till \(number)", by: "anna", from: "192.0.2.7", at: Int64(number))
        }
        let reader = try AccessStore(directory: scratch("access"))
        let first = try await reader.audit(limit: 2)
        #expect(first.map(\.what) == ["till 5", "till 4"])
        #expect(first.first.map { [$0.user, $0.address, $0.action.rawValue] } == ["anna", "192.0.2.7", "export"])
        let rest = try await reader.audit(limit: 10, before: try #require(first.last?.id))
        #expect(rest.map(\.time) == [3, 2, 1])
    }

    @Test("whoever guesses passwords crowds out nothing but other guesses")
    func crowding() async throws {
        let scratch = try ScratchDirectory(inMemory: true)
        let access = try AccessStore(directory: scratch("access"))
        try await access.note(.remove, "chunk 7", by: "anna", from: "192.0.2.7", at: 0)
        for number in 0..<2100 {
            try await access.note(.loginRefused, "", by: "anna", from: "192.0.2.9", at: Int64(number))
        }
        let all = try await access.audit(limit: 10_000)
        #expect(all.count { $0.action == .loginRefused } == 2000)
        #expect(all.last?.what == "chunk 7")
    }
}

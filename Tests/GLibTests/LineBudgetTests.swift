// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import GLib

@Suite("Lines of the journal")
struct LineBudgetTests {
    @Test("many may be written at once, few for ever, and none is left out unsaid")
    func budget() {
        var budget = LineBudget(at: 0)
        var written = 0
        var leftOut = 0
        // A line a second for a week.
        for second in 0..<604_800 {
            guard let count = budget.take(at: Double(second)) else { continue }
            written += 1
            leftOut += count
        }
        #expect((60_480...60_600).contains(written))
        #expect((604_790...604_800).contains(written + leftOut))
    }

    @Test("what is quiet for a while may say much again")
    func recovery() {
        var budget = LineBudget(at: 0)
        for _ in 0..<500 { _ = budget.take(at: 0) }
        #expect(budget.take(at: 1) == nil)
        #expect(budget.take(at: 2000) == 401)
        for _ in 1..<LineBudget.burst { #expect(budget.take(at: 2000) == 0) }
        #expect(budget.take(at: 2000) == nil)
    }
}

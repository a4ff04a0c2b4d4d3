// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Access

@Suite("Guessing")
struct LoginThrottleTests {
    @Test("the first few wrong ones cost nothing, then each doubles the delay, up to a quarter of an hour")
    func delays() {
        var throttle = LoginThrottle()
        var delays: [Double] = []
        for _ in 0..<20 {
            throttle.fail("anna", from: "10.0.0.1", at: 0)
            delays.append(throttle.delay(of: "anna", from: "10.0.0.1", at: 0))
        }
        #expect(delays.prefix(5) == [0, 0, 0, 0, 0])
        #expect(delays[5...9] == [1, 2, 4, 8, 16])
        #expect(delays.last == LoginThrottle.longestDelay)
        #expect(throttle.delay(of: "anna", from: "10.0.0.1", at: 901) == 0)
    }

    @Test("whoever has been in comes in again from there, however many guess at the account from elsewhere")
    func owner() {
        var throttle = LoginThrottle()
        throttle.succeed("anna", from: "192.168.1.5")
        for number in 0..<1000 { throttle.fail("anna", from: "203.0.113.\(number % 250)", at: 0) }
        #expect(throttle.delay(of: "anna", from: "192.168.1.5", at: 0) == 0)
        // A thousand addresses are no way around it.
        #expect(throttle.delay(of: "anna", from: "198.51.100.1", at: 0) == LoginThrottle.longestDelay)
    }

    @Test("whoever has been in comes in again, however many guess at other accounts from the same address")
    func neighbour() {
        var throttle = LoginThrottle()
        throttle.succeed("anna", from: "192.168.1.5")
        for number in 0..<20 { throttle.fail("user\(number)", from: "192.168.1.5", at: 0) }
        #expect(throttle.delay(of: "anna", from: "192.168.1.5", at: 0) == 0)
        #expect(throttle.delay(of: "bob", from: "192.168.1.5", at: 0) == LoginThrottle.longestDelay)
        // Not at that account: who guesses there has to wait as everywhere.
        for _ in 0..<20 { throttle.fail("anna", from: "192.168.1.5", at: 0) }
        #expect(throttle.delay(of: "anna", from: "192.168.1.5", at: 0) == LoginThrottle.longestDelay)
    }

    @Test("a flood from a hundred thousand addresses takes a bounded memory, and hides no guesser")
    func flood() {
        var throttle = LoginThrottle()
        for _ in 0..<20 { throttle.fail("anna", from: "10.0.0.1", at: 0) }
        for number in 0..<100_000 {
            throttle.fail("user\(number)", from: "10.\(number >> 16).\(number >> 8 & 255).\(number & 255)", at: 1)
        }
        #expect(throttle.remembered <= 2 * LoginThrottle.capacity)
        #expect(throttle.delay(of: "else", from: "10.0.0.1", at: 1) > 800)
    }

    @Test("after an hour without another one all is forgotten")
    func forgetting() {
        var throttle = LoginThrottle()
        for _ in 0..<20 { throttle.fail("anna", from: "10.0.0.1", at: 0) }
        throttle.fail("anna", from: "10.0.0.1", at: 3601)
        #expect(throttle.delay(of: "anna", from: "10.0.0.1", at: 3601) == 0)
    }
}

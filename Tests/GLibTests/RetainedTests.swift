// SPDX-License-Identifier: Apache-2.0
import GLib
import Testing

@Suite("Retained")
struct RetainedTests {
    @Test("what C is handed lives until C gives it back")
    func lifetime() {
        weak var held: Witness?
        let opaque: UnsafeMutableRawPointer
        do {
            let witness = Witness()
            held = witness
            opaque = Retained(witness).toOpaque()
        }
        #expect(held != nil)
        #expect(Retained<Witness>.value(of: opaque) === held)
        Retained<Witness>.release(opaque)
        #expect(held == nil)
    }

    private final class Witness {}
}

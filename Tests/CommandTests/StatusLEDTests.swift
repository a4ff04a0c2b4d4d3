// SPDX-License-Identifier: Apache-2.0
import Foundation
import GLib
import TestSupport
import Testing

@testable import martlet

/// A tree as the kernel makes it below `/sys/class/leds`; its files hold what was written to them.
private struct LEDTree {
    let scratch: ScratchDirectory
    let runtime: RuntimeDirectory

    init(triggers: String = "none kbd-scrolllock [mmc0] timer heartbeat") throws {
        scratch = try ScratchDirectory()
        for folder in ["leds/ACT", "leds/PWR", "run"] { try scratch.makeFolder(folder) }
        try scratch.write("leds/ACT/trigger", triggers + "\n")
        try scratch.write("leds/ACT/max_brightness", "255\n")
        for attribute in ["brightness", "delay_on", "delay_off"] { try scratch.write("leds/ACT/\(attribute)", "0\n") }
        runtime = RuntimeDirectory(path: scratch("run"))
    }

    var root: String { scratch("leds") }

    func read(_ attribute: String) throws -> String {
        try String(contentsOfFile: scratch("leds/ACT/\(attribute)"), encoding: .utf8)
    }
}

extension LEDTree {
    /// Waits until the LED has been seen both dark and lit.
    @MainLoop func blinks() async throws {
        var seen: Set<String> = []
        try await eventually(within: .seconds(30)) {
            if try read("trigger") == "none" { seen.insert(try read("brightness")) }
            return seen.isSuperset(of: ["0", "255"])
        }
    }
}

@Suite("The LED", .mainLoop, .timeLimit(.minutes(1)))
struct StatusLEDTests {
    @Test("is steady while all is well, frantic when it is not, and in the end what it was")
    func signs() async throws {
        let tree = try LEDTree()
        try await Self.check(tree)
    }

    @MainLoop private static func check(_ tree: LEDTree) async throws {
        let led = try StatusLED("ACT", below: tree.root, runtime: tree.runtime)
        #expect(try tree.read("trigger") == "none" && tree.read("brightness") == "255")
        try led.show(.alarm)
        #expect(try tree.read("trigger") == "timer")
        try await eventually { try tree.read("delay_on") == "50" && tree.read("delay_off") == "50" }
        try led.show(.well)
        #expect(try tree.read("trigger") == "none" && tree.read("brightness") == "255")
        try led.close()
        #expect(try tree.read("trigger") == "mmc0")
    }

    @Test("after a crash still knows what it was before")
    func crash() async throws {
        let tree = try LEDTree()
        try await Self.checkCrash(tree)
    }

    @MainLoop private static func checkCrash(_ tree: LEDTree) async throws {
        try StatusLED("ACT", below: tree.root, runtime: tree.runtime).show(.alarm)
        // As the kernel says it, once it has taken what was written.
        try tree.scratch.write("leds/ACT/trigger", "none kbd-scrolllock mmc0 [timer] heartbeat\n")
        let led = try StatusLED("ACT", below: tree.root, runtime: tree.runtime)
        try led.close()
        #expect(try tree.read("trigger") == "mmc0")
        #expect(!tree.runtime.has(.led))
    }

    @Test("blinks by hand where the kernel has no timer")
    func withoutTimer() async throws {
        let tree = try LEDTree(triggers: "[none] mmc0")
        try await Self.checkWithoutTimer(tree)
    }

    @MainLoop private static func checkWithoutTimer(_ tree: LEDTree) async throws {
        let led = try StatusLED("ACT", below: tree.root, runtime: tree.runtime)
        try led.show(.alarm)
        try await tree.blinks()
        try led.close()
        #expect(try tree.read("trigger") == "none")
    }

    @Test("blinks by hand where the timer's delays may not be written")
    func withoutDelays() async throws {
        let tree = try LEDTree()
        try FileManager.default.removeItem(atPath: tree.scratch("leds/ACT/delay_on"))
        try await Self.checkWithoutDelays(tree)
    }

    @MainLoop private static func checkWithoutDelays(_ tree: LEDTree) async throws {
        let led = try StatusLED("ACT", below: tree.root, runtime: tree.runtime)
        try led.show(.alarm)
        try await tree.blinks()
        #expect(try tree.read("trigger") == "none")
        try led.close()
    }

    @Test("shows what it could not show as soon as it can")
    func again() async throws {
        let tree = try LEDTree()
        try await Self.checkAgain(tree)
    }

    @MainLoop private static func checkAgain(_ tree: LEDTree) throws {
        let led = try StatusLED("ACT", below: tree.root, runtime: tree.runtime)
        try FileManager.default.removeItem(atPath: tree.scratch("leds/ACT/trigger"))
        var failures = 0
        for _ in 0..<2 {
            do throws(StatusLED.Failure) { try led.show(.alarm) } catch { failures += 1 }
        }
        #expect(failures == 2)
        try tree.scratch.write("leds/ACT/trigger", "[none] timer\n")
        try led.show(.alarm)
        #expect(try tree.read("trigger") == "timer")
        try led.close()
    }

    @Test("that does not exist, or may not be written, is said in words")
    func absent() async throws {
        let tree = try LEDTree()
        try await Self.checkAbsent(tree)
    }

    @MainLoop private static func checkAbsent(_ tree: LEDTree) throws {
        func failure(_ name: String, _ root: String) -> String {
            do throws(StatusLED.Failure) {
                _ = try StatusLED(name, below: root, runtime: tree.runtime)
                return ""
            } catch { return error.description }
        }
        #expect(failure("ACTT", tree.root) == "there is no LED 'ACTT'; there are ACT, PWR")
        #expect(failure("ACT", "/nowhere") == "there is no LED 'ACT'; this machine has none")
        #expect(
            failure("PWR", tree.root) == "cannot open \(tree.root)/PWR/trigger: No such file or directory"
        )
    }
}

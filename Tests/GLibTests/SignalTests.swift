// SPDX-License-Identifier: Apache-2.0
import GLib
import Synchronization
import Testing

@Suite("Signals")
struct SignalTests {
    @Test("a handler gets the arguments, and what it returns reaches the emitter")
    func returned() {
        let object = TestObject()
        object.connect("said") { arguments in
            let text = arguments.get(0, as: String.self) ?? "nothing"
            let number = arguments.get(1, as: Int.self) ?? -1
            return "\(text), \(number)"
        }
        #expect(object.say("one", 2) == "one, 2")
    }

    @Test("a handler that returns nothing leaves the default")
    func nothingReturned() {
        let object = TestObject()
        object.connect("said") { _ in nil }
        #expect(object.say("one", 2) == nil)
    }

    @Test("arguments that are not there, or of another type, are nil")
    func wrongArguments() {
        let object = TestObject()
        object.connect("said") { arguments in
            let found: [Any?] = [
                arguments.get(0, as: Int.self), arguments.get(1, as: String.self), arguments.get(2, as: String.self),
                arguments.get(-2, as: String.self), arguments.object(0), arguments.object(5), arguments.boxed(0),
                arguments.boxed(9),
            ]
            return "\(found.count { $0 != nil })"
        }
        #expect(object.say("one", 2) == "0")
    }

    @Test("an object argument is lent")
    func objectArgument() {
        let object = TestObject()
        let other = TestObject()
        let seen = Mutex<UInt?>(nil)
        let box = Box(seen)
        object.connect("shown") { arguments in
            box.value.withLock { $0 = arguments.object(0).map { UInt(bitPattern: $0) } }
            return nil
        }
        object.show(other)
        #expect(box.value.withLock { $0 } == UInt(bitPattern: other.pointer))
    }

    @Test("emitting calls the handlers with what is given")
    func emitted() {
        let object = TestObject()
        let heard = Box(Mutex<[String]>([]))
        for name in ["first", "second"] {
            object.connect("said") { arguments in
                let words = "\(name): \(arguments.get(0) ?? "") \(arguments.get(1) ?? 0)"
                heard.value.withLock { $0.append(words) }
                return nil
            }
        }
        object.emit("said", "hello", 3)
        #expect(heard.value.withLock { $0 } == ["first: hello 3", "second: hello 3"])
    }

    @Test("a handler goes with its object, and all that it holds")
    func released() {
        weak var held: Witness?
        do {
            let object = TestObject()
            let witness = Witness()
            held = witness
            object.connect("said") { _ in
                withExtendedLifetime(witness) { "heard" }
            }
            #expect(object.say("", 0) == "heard")
        }
        #expect(held == nil)
    }

    @Test("a handler is kept as long as its object, whoever holds that")
    func kept() {
        weak var held: Witness?
        do {
            let again: Object
            do {
                let object = TestObject()
                let witness = Witness()
                held = witness
                object.connect("said") { _ in withExtendedLifetime(witness) { nil } }
                again = Object(retaining: object.pointer)
            }
            withExtendedLifetime(again) { #expect(held != nil) }
        }
        #expect(held == nil)
    }

    private final class Witness: Sendable {}

    private final class Box<Value: ~Copyable & Sendable>: Sendable {
        let value: Value

        init(_ value: consuming Value) { self.value = value }
    }
}

// SPDX-License-Identifier: Apache-2.0
import GLib
import Testing

@Suite("Properties")
struct PropertyTests {
    @Test("what is set can be read back")
    func roundTrip() throws {
        let object = TestObject()
        #expect(try object.get("title", as: String.self) == nil)
        try object.set("title", to: "Grüße")
        try object.set("count", to: 42)
        #expect(try object.get("title") == "Grüße")
        #expect(try object.get("count") == 42)
        #expect(try object.get("count", as: UInt32.self) == 42)
        #expect(try object.get("count", as: UInt64.self) == 42)
        #expect(try object.get("fixed") == "as it is")
    }

    @Test("numbers become text where text is asked for, as GObject does it")
    func converted() throws {
        let object = TestObject()
        try object.set("count", to: UInt64(7))
        #expect(try object.get("count", as: String.self) == "7")
    }

    @Test("a property that the class lacks is named together with the class")
    func unknown() throws {
        let object = TestObject()
        let mistake = PropertyError(description: "MartletTestObject has no property 'colour'")
        #expect(throws: mistake) { try object.set("colour", to: "red") }
        #expect(throws: mistake) { try object.set("colour", to: TestObject()) }
        #expect(throws: mistake) { try object.get("colour", as: String.self) }
        #expect(!object.hasProperty("colour"))
        #expect(object.hasProperty("title"))
    }

    @Test("a value of the wrong type is refused with both types, and changes nothing")
    func wrongType() throws {
        let object = TestObject()
        try object.set("count", to: 5)
        #expect(
            throws: PropertyError(description: "MartletTestObject: property 'count' is of type guint, not gchararray")
        ) {
            try object.set("count", to: "many")
        }
        #expect(
            throws: PropertyError(description: "MartletTestObject: property 'friend' is of type GObject, not gint64")
        ) {
            try object.set("friend", to: 1)
        }
        #expect(throws: PropertyError(description: "MartletTestObject: property 'title' does not convert to Int")) {
            try object.get("title", as: Int.self)
        }
        #expect(try object.get("count") == 5)
    }

    @Test("an object is refused where none is kept")
    func objectForText() throws {
        let object = TestObject()
        #expect(
            throws: PropertyError(
                description: "MartletTestObject: property 'title' is of type gchararray, not MartletTestObject"
            )
        ) {
            try object.set("title", to: TestObject())
        }
    }

    @Test("what can only be read cannot be set, and what can only be set cannot be read")
    func oneWay() throws {
        let object = TestObject()
        #expect(throws: PropertyError(description: "MartletTestObject: property 'fixed' cannot be set")) {
            try object.set("fixed", to: "otherwise")
        }
        #expect(throws: PropertyError(description: "MartletTestObject: property 'hidden' cannot be read")) {
            try object.get("hidden", as: String.self)
        }
        try object.set("hidden", to: "set")
        #expect(try object.get("title") == "set")
    }

    @Test("an object is named after its class")
    func typeName() {
        #expect(TestObject().typeName == "MartletTestObject")
    }
}

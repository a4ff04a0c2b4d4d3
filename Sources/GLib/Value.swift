// SPDX-License-Identifier: Apache-2.0
package import CGStreamer

/// A Swift type that travels in a `GValue`: as a property, a signal's argument or its result.
package protocol ValueConvertible {
    /// The GType that a `GValue` is initialised with.
    static var valueType: GType { get }
    func store(in value: UnsafeMutablePointer<GValue>)
    /// `nil` when the value holds another type or C's NULL.
    static func load(from value: UnsafePointer<GValue>) -> Self?
}

extension String: ValueConvertible {
    package static var valueType: GType { martlet_type_string() }
    package func store(in value: UnsafeMutablePointer<GValue>) { g_value_set_string(value, self) }
    package static func load(from value: UnsafePointer<GValue>) -> String? {
        guard martlet_value_type(value) == valueType else { return nil }
        return g_value_get_string(value).map { String(cString: $0) }
    }
}

extension Bool: ValueConvertible {
    package static var valueType: GType { martlet_type_boolean() }
    package func store(in value: UnsafeMutablePointer<GValue>) { g_value_set_boolean(value, self ? 1 : 0) }
    package static func load(from value: UnsafePointer<GValue>) -> Bool? {
        guard martlet_value_type(value) == valueType else { return nil }
        return g_value_get_boolean(value) != 0
    }
}

extension UInt32: ValueConvertible {
    package static var valueType: GType { martlet_type_uint() }
    package func store(in value: UnsafeMutablePointer<GValue>) { g_value_set_uint(value, self) }
    package static func load(from value: UnsafePointer<GValue>) -> UInt32? {
        guard martlet_value_type(value) == valueType else { return nil }
        return g_value_get_uint(value)
    }
}

extension UInt64: ValueConvertible {
    package static var valueType: GType { martlet_type_uint64() }
    package func store(in value: UnsafeMutablePointer<GValue>) { g_value_set_uint64(value, guint64(self)) }
    package static func load(from value: UnsafePointer<GValue>) -> UInt64? {
        guard martlet_value_type(value) == valueType else { return nil }
        return UInt64(g_value_get_uint64(value))
    }
}

extension Int: ValueConvertible {
    package static var valueType: GType { martlet_type_int64() }
    package func store(in value: UnsafeMutablePointer<GValue>) { g_value_set_int64(value, gint64(self)) }
    package static func load(from value: UnsafePointer<GValue>) -> Int? {
        guard martlet_value_type(value) == valueType else { return nil }
        return Int(g_value_get_int64(value))
    }
}

/// Calls `body` with an initialised, empty `GValue` of a type, and clears it afterwards.
package func withValue<Result>(
    of type: GType,
    _ body: (UnsafeMutablePointer<GValue>) throws -> Result
) rethrows -> Result {
    var value = GValue()
    g_value_init(&value, type)
    defer { g_value_unset(&value) }
    return try body(&value)
}

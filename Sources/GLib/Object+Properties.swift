// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// Why a property could not be read or written: GObject itself would only warn.
package struct PropertyError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

extension Object {
    /// Sets a property, converting between number types as GObject does (`g_object_set_property`).
    ///
    /// - Throws: ``PropertyError`` if there is no such property, if it cannot be set, or if the value does not fit its type.
    package final func set(_ name: String, to newValue: some ValueConvertible) throws(PropertyError) {
        let specification = try specification(of: name, for: G_PARAM_WRITABLE)
        let valueType = type(of: newValue).valueType
        guard g_value_type_transformable(valueType, specification.pointee.value_type) != 0 else {
            throw mismatch(name, specification, valueType)
        }
        withValue(of: valueType) { value in
            newValue.store(in: value)
            withPointer(as: GObject.self) { g_object_set_property($0, name, value) }
        }
    }

    /// Sets a property that holds another object.
    package final func set(_ name: String, to object: Object) throws(PropertyError) {
        let specification = try specification(of: name, for: G_PARAM_WRITABLE)
        let objectType = martlet_object_type(object.pointer)
        guard g_type_is_a(objectType, specification.pointee.value_type) != 0 else {
            throw mismatch(name, specification, objectType)
        }
        withValue(of: specification.pointee.value_type) { value in
            g_value_set_object(value, object.pointer)
            withPointer(as: GObject.self) { g_object_set_property($0, name, value) }
        }
    }

    /// Reads a property (`g_object_get_property`); `nil` is C's NULL.
    ///
    /// - Throws: ``PropertyError`` if there is no such property, or none that can be read and converts to `Value`.
    package final func get<Value: ValueConvertible>(
        _ name: String,
        as type: Value.Type = Value.self
    ) throws(PropertyError) -> Value? {
        let specification = try specification(of: name, for: G_PARAM_READABLE)
        guard g_value_type_transformable(specification.pointee.value_type, Value.valueType) != 0 else {
            throw PropertyError(description: "\(typeName): property '\(name)' does not convert to \(Value.self)")
        }
        return withValue(of: Value.valueType) { value in
            withPointer(as: GObject.self) { g_object_get_property($0, name, value) }
            return Value.load(from: value)
        }
    }

    /// Whether the object's class has a property of this name.
    package final func hasProperty(_ name: String) -> Bool {
        g_object_class_find_property(martlet_object_class(pointer), name) != nil
    }

    private func specification(
        of name: String,
        for use: GParamFlags
    ) throws(PropertyError) -> UnsafeMutablePointer<GParamSpec> {
        guard let found = g_object_class_find_property(martlet_object_class(pointer), name) else {
            throw PropertyError(description: "\(typeName) has no property '\(name)'")
        }
        guard found.pointee.flags.rawValue & use.rawValue != 0 else {
            let verb = use == G_PARAM_WRITABLE ? "set" : "read"
            throw PropertyError(description: "\(typeName): property '\(name)' cannot be \(verb)")
        }
        return found
    }

    private func mismatch(
        _ name: String,
        _ specification: UnsafeMutablePointer<GParamSpec>,
        _ given: GType
    ) -> PropertyError {
        let wanted = String(cString: g_type_name(specification.pointee.value_type))
        return PropertyError(
            description: "\(typeName): property '\(name)' is of type \(wanted), not \(String(cString: g_type_name(given)))"
        )
    }
}

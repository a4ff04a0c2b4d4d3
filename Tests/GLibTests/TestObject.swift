// SPDX-License-Identifier: Apache-2.0
import CGStreamer
import GLib

/// A GObject of the tests' own: properties `title` (text), `count` (0 … 100), `fixed` (text that can only be read),
/// `hidden` (text that can only be written), `friend` (an object); signals `said` (with a text and a number, returning a text)
/// and `shown` (with an object).
final class TestObject: Object, @unchecked Sendable {  // Each test has its own.
    convenience init() {
        guard let pointer = g_object_new_with_properties(Self.type, 0, nil, nil) else { fatalError("no TestObject") }
        self.init(adopting: UnsafeMutableRawPointer(pointer))
    }

    /// Emits `said` as C code would, and returns what the handlers returned.
    func say(_ text: String, _ number: Int) -> String? {
        withArguments([.text(text), .number(number)]) { values in
            withValue(of: String.valueType) { result in
                g_signal_emitv(values, g_signal_lookup("said", Self.type), 0, result)
                return String.load(from: result)
            }
        }
    }

    /// Emits `shown` as C code would.
    func show(_ object: Object) {
        withArguments([.object(object)]) { g_signal_emitv($0, g_signal_lookup("shown", Self.type), 0, nil) }
    }

    private enum Argument {
        case text(String)
        case number(Int)
        case object(Object)
    }

    private func withArguments<Result>(_ arguments: [Argument], _ body: (UnsafePointer<GValue>) -> Result) -> Result {
        var values = [GValue](repeating: GValue(), count: arguments.count + 1)
        g_value_init(&values[0], Self.type)
        g_value_set_object(&values[0], pointer)
        for (index, argument) in arguments.enumerated() {
            switch argument {
            case .text(let text):
                g_value_init(&values[index + 1], String.valueType)
                g_value_set_string(&values[index + 1], text)
            case .number(let number):
                g_value_init(&values[index + 1], Int.valueType)
                g_value_set_int64(&values[index + 1], gint64(number))
            case .object(let object):
                g_value_init(&values[index + 1], g_object_get_type())
                g_value_set_object(&values[index + 1], object.pointer)
            }
        }
        defer { for index in values.indices { g_value_unset(&values[index]) } }
        return body(values)
    }

    /// What one instance keeps.
    ///
    /// GObject zeroes it.
    private struct Instance {
        var parent: GObject
        var title: UnsafeMutablePointer<gchar>?
        var count: guint
    }

    private static func instance(_ object: UnsafeMutablePointer<GObject>?) -> UnsafeMutablePointer<Instance>? {
        object.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: Instance.self) }
    }

    private static let type: GType = {
        let type = g_type_register_static_simple(
            g_object_get_type(),
            "MartletTestObject",
            guint(MemoryLayout<GObjectClass>.size),
            { classPointer, _ in
                if let classPointer { TestObject.install(classPointer.assumingMemoryBound(to: GObjectClass.self)) }
            },
            guint(MemoryLayout<Instance>.size),
            nil,
            GTypeFlags(rawValue: 0)
        )
        var said = [String.valueType, Int.valueType]
        g_signal_newv("said", type, G_SIGNAL_RUN_LAST, nil, nil, nil, nil, String.valueType, 2, &said)
        var shown = [g_object_get_type()]
        g_signal_newv("shown", type, G_SIGNAL_RUN_LAST, nil, nil, nil, nil, g_type_from_name("void"), 1, &shown)
        return type
    }()

    private static func install(_ objectClass: UnsafeMutablePointer<GObjectClass>) {
        objectClass.pointee.set_property = { object, identifier, value, _ in
            guard let instance = TestObject.instance(object) else { return }
            switch identifier {
            case 1, 4:
                g_free(instance.pointee.title)
                instance.pointee.title = g_value_dup_string(value)
            case 2: instance.pointee.count = g_value_get_uint(value)
            default: break
            }
        }
        objectClass.pointee.get_property = { object, identifier, value, _ in
            guard let instance = TestObject.instance(object) else { return }
            switch identifier {
            case 1: g_value_set_string(value, instance.pointee.title)
            case 2: g_value_set_uint(value, instance.pointee.count)
            case 3: g_value_set_string(value, "as it is")
            default: break
            }
        }
        let (read, write) = (G_PARAM_READABLE.rawValue, G_PARAM_WRITABLE.rawValue)
        func text(_ name: String, _ flags: GParamFlags.RawValue) -> UnsafeMutablePointer<GParamSpec>? {
            g_param_spec_string(name, nil, nil, nil, GParamFlags(rawValue: flags))
        }
        g_object_class_install_property(objectClass, 1, text("title", read | write))
        let count = g_param_spec_uint("count", nil, nil, 0, 100, 0, GParamFlags(rawValue: read | write))
        g_object_class_install_property(objectClass, 2, count)
        g_object_class_install_property(objectClass, 3, text("fixed", read))
        g_object_class_install_property(objectClass, 4, text("hidden", write))
        let friend = g_param_spec_object("friend", nil, nil, g_object_get_type(), GParamFlags(rawValue: read | write))
        g_object_class_install_property(objectClass, 5, friend)
    }
}

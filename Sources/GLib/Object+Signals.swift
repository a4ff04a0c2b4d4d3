// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// The arguments of one signal emission; valid only while its handler runs.
package struct SignalArguments {
    private let values: UnsafeBufferPointer<GValue>

    init(_ values: UnsafeBufferPointer<GValue>) { self.values = values }

    /// The argument at an index, the emitting object not counted; `nil` if it is of another type or NULL.
    package func get<Value: ValueConvertible>(_ index: Int, as type: Value.Type = Value.self) -> Value? {
        guard values.indices.contains(index + 1), let base = values.baseAddress else { return nil }
        return Value.load(from: base + index + 1)
    }

    /// The GObject argument at an index, borrowed from the emission.
    package func object(_ index: Int) -> UnsafeMutableRawPointer? {
        guard values.indices.contains(index + 1), let base = values.baseAddress,
            martlet_value_holds_object(base + index + 1) != 0
        else { return nil }
        return g_value_get_object(base + index + 1)
    }

    /// The boxed argument at an index (caps, samples, contexts), borrowed from the emission.
    package func boxed(_ index: Int) -> UnsafeMutableRawPointer? {
        guard values.indices.contains(index + 1), let base = values.baseAddress,
            g_type_check_value_holds(base + index + 1, martlet_type_boxed()) != 0
        else { return nil }
        return g_value_get_boxed(base + index + 1)
    }
}

extension Object {
    /// Calls `handler` at each emission of a signal, on the thread that emits, until the object is gone.
    ///
    /// The closure is released by GLib together with the connection, so it must not keep the object itself alive.
    /// What it returns becomes the signal's result; `nil` leaves the default.
    package final func connect(
        _ signal: String,
        _ handler: @escaping @Sendable (SignalArguments) -> (any ValueConvertible)?
    ) {
        typealias Handler = @Sendable (SignalArguments) -> (any ValueConvertible)?
        let closure = g_closure_new_simple(guint(MemoryLayout<GClosure>.size), Retained<Handler>(handler).toOpaque())
        g_closure_add_finalize_notifier(closure, closure?.pointee.data) { data, _ in
            if let data { Retained<Handler>.release(data) }
        }
        g_closure_set_marshal(closure) { closure, result, count, values, _, _ in
            guard let data = closure?.pointee.data else { return }
            let arguments = SignalArguments(UnsafeBufferPointer(start: values, count: Int(count)))
            guard let returned = Retained<Handler>.value(of: data)(arguments), let result else { return }
            returned.store(in: result)
        }
        g_signal_connect_closure(pointer, signal, closure, 0)
    }

    /// Emits a signal, or calls an action signal, with the arguments it takes.
    package final func emit(_ signal: String, _ arguments: any ValueConvertible...) {
        let identifier = g_signal_lookup(signal, martlet_object_type(pointer))
        precondition(identifier != 0, "\(typeName) has no signal '\(signal)'")
        var values = [GValue](repeating: GValue(), count: arguments.count + 1)
        g_value_init(&values[0], martlet_object_type(pointer))
        g_value_set_object(&values[0], pointer)
        for (index, argument) in arguments.enumerated() {
            g_value_init(&values[index + 1], type(of: argument).valueType)
            argument.store(in: &values[index + 1])
        }
        g_signal_emitv(values, identifier, 0, nil)
        for index in values.indices { g_value_unset(&values[index]) }
    }
}

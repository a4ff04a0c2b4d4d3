// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// One owned reference to a GObject: the only place where GObjects are referenced and released.
///
/// GObject counts references atomically, so the reference may cross threads. What may be called where is each
/// subclass's business: GStreamer's elements lock themselves, everything else belongs to the main loop. `open` only
/// because that alone lets classes of other targets inherit: nothing is offered beyond this package.
open class Object: @unchecked Sendable {
    package let pointer: UnsafeMutableRawPointer

    /// Takes over a reference that the caller owns ("transfer full").
    package init(adopting pointer: UnsafeMutableRawPointer) {
        self.pointer = pointer
    }

    /// Adds a reference to an object that stays somebody else's ("transfer none").
    package init(retaining pointer: UnsafeMutableRawPointer) {
        self.pointer = g_object_ref(pointer)
    }

    /// Makes a newly made object with a floating reference ours ("transfer floating").
    package init(sinking pointer: UnsafeMutableRawPointer) {
        self.pointer = g_object_ref_sink(pointer)
    }

    deinit { g_object_unref(pointer) }

    /// Lends the pointer as the C type that a function of the library takes.
    package final func withPointer<CType, Result>(
        as type: CType.Type = CType.self,
        _ body: (UnsafeMutablePointer<CType>) throws -> Result
    ) rethrows -> Result {
        try withExtendedLifetime(self) { try body(pointer.assumingMemoryBound(to: type)) }
    }

    /// The name of the object's class, such as `GstRTSPSrc`.
    package final var typeName: String { String(cString: g_type_name(martlet_object_type(pointer))) }
}

/// Runs a closure once, when GLib says so through a `GDestroyNotify`.
///
/// A closure that is handed to C travels as a retained box with this as its destroy function.
package final class Retained<Value> {
    package let value: Value

    package init(_ value: Value) { self.value = value }

    /// A reference for C to keep, released by ``release``.
    package func toOpaque() -> UnsafeMutableRawPointer { Unmanaged.passRetained(self).toOpaque() }

    /// What an opaque pointer from ``toOpaque()`` stands for.
    package static func value(of opaque: UnsafeMutableRawPointer) -> Value {
        Unmanaged<Retained<Value>>.fromOpaque(opaque).takeUnretainedValue().value
    }

    /// Gives back the reference that ``toOpaque()`` handed out.
    package static func release(_ opaque: UnsafeMutableRawPointer) {
        Unmanaged<Retained<Value>>.fromOpaque(opaque).release()
    }
}

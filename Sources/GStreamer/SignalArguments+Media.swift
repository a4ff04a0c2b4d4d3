// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib

extension SignalArguments {
    /// The caps argument at an index.
    package func caps(_ index: Int) -> Caps? {
        boxed(index).map { Caps(retaining: $0.assumingMemoryBound(to: GstCaps.self)) }
    }

    /// The sample argument at an index.
    package func sample(_ index: Int) -> Sample? {
        guard let pointer = boxed(index) else { return nil }
        return Sample(adopting: gst_sample_ref(OpaquePointer(pointer)))
    }
}

extension Element {
    /// Sets a property that holds a date (`GDateTime`), such as the zero of an overlay's clock.
    package final func setEpoch(_ name: String, unixNanoseconds: Int64) {
        let seconds = g_date_time_new_from_unix_local(gint64(unixNanoseconds / 1_000_000_000))
        let date = g_date_time_add_seconds(seconds, Double(unixNanoseconds % 1_000_000_000) / 1e9)
        withValue(of: g_date_time_get_type()) { value in
            g_value_set_boxed(value, UnsafeRawPointer(date))
            withPointer(as: GObject.self) { g_object_set_property($0, name, value) }
        }
        g_date_time_unref(date)
        g_date_time_unref(seconds)
    }
}

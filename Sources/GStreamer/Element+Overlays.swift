// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib

// What a test picture shows and a description cannot say.
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

    /// Has a `textoverlay` show the number of each frame, as its source counts them (`GST_BUFFER_OFFSET`).
    package final func showFrameNumbers() {
        guard let pad = withPointer(as: GstElement.self, { gst_element_get_static_pad($0, "video_sink") }) else {
            return
        }
        gst_pad_add_probe(
            pad,
            GST_PAD_PROBE_TYPE_BUFFER,
            { pad, info, _ in
                guard let buffer = gst_pad_probe_info_get_buffer(info), let overlay = gst_pad_get_parent_element(pad)
                else {
                    return GST_PAD_PROBE_OK
                }
                // Borrowed for the call: an element that kept itself would never go.
                Element(adopting: UnsafeMutableRawPointer(overlay)).show("frame \(buffer.pointee.offset)")
                return GST_PAD_PROBE_OK
            },
            nil,
            nil
        )
        gst_object_unref(pad)
    }

    private func show(_ text: String) {
        withValue(of: String.valueType) { value in
            text.store(in: value)
            withPointer(as: GObject.self) { g_object_set_property($0, "text", value) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib

extension Caps {
    /// The format of a stream as GStreamer's own parser (`h264parse`, `h265parse`) makes it of parameter sets and a keyframe,
    /// as MP4 has it.
    ///
    /// `units` are the NAL units of both, parameter sets first. The parser is used once, on this thread, which takes about a
    /// millisecond.
    ///
    /// - Returns: `nil` if it makes nothing of them.
    package static func format(parsing units: [[UInt8]], _ parser: String, _ streamFormat: String) -> Caps? {
        guard let made = gst_element_factory_make(parser, nil) else { return nil }
        let element = Element(sinking: UnsafeMutableRawPointer(made))
        let media = "video/x-\(parser.prefix { $0 != "p" })"
        guard let source = gst_pad_new("format-source", GST_PAD_SRC),
            let given = Caps("\(media),stream-format=byte-stream"),
            let wanted = Caps("\(media),stream-format=\(streamFormat),alignment=au")
        else { return nil }
        let template = gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, wanted.pointer)
        let sink = gst_pad_new_from_template(template, "format-sink")
        gst_object_unref(template)
        defer {
            element.withPointer(as: GstElement.self) { _ = gst_element_set_state($0, GST_STATE_NULL) }
            gst_object_unref(source)
            gst_object_unref(sink)
        }
        guard let sink, link(source, element, sink) else { return nil }
        gst_pad_push_event(source, gst_event_new_stream_start("format"))
        gst_pad_push_event(source, gst_event_new_caps(given.pointer))
        var segment = GstSegment()
        gst_segment_init(&segment, GST_FORMAT_TIME)
        gst_pad_push_event(source, gst_event_new_segment(&segment))
        let bytes = units.flatMap { [0, 0, 0, 1] as [UInt8] + $0 }
        let buffer = gst_buffer_new_memdup(bytes, gsize(bytes.count))
        buffer?.pointee.pts = 0
        gst_pad_push(source, buffer)
        // The parser waits for the beginning of the next picture, unless there is none.
        gst_pad_push_event(source, gst_event_new_eos())
        guard let found = gst_pad_get_current_caps(sink) else { return nil }
        defer { gst_caps_unref(found) }
        return Caps(retaining: found)
    }

    /// What comes behind the element is thrown away.
    private static func link(
        _ source: UnsafeMutablePointer<GstPad>,
        _ element: Element,
        _ sink: UnsafeMutablePointer<GstPad>
    ) -> Bool {
        gst_pad_set_chain_function_full(
            sink,
            { _, _, buffer in
                gst_buffer_unref(buffer)
                return GST_FLOW_OK
            },
            nil,
            nil
        )
        return element.withPointer(as: GstElement.self) { element in
            guard let input = gst_element_get_static_pad(element, "sink"),
                let output = gst_element_get_static_pad(element, "src")
            else { return false }
            defer {
                gst_object_unref(input)
                gst_object_unref(output)
            }
            guard gst_pad_link(source, input) == GST_PAD_LINK_OK, gst_pad_link(output, sink) == GST_PAD_LINK_OK else {
                return false
            }
            gst_pad_set_active(source, 1)
            gst_pad_set_active(sink, 1)
            return gst_element_set_state(element, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib

/// A GStreamer element.
package class Element: Object, @unchecked Sendable {  // GstElement locks itself.
    /// Its name in the pipeline, such as `feed`.
    package final var name: String {
        withPointer(as: GstObject.self) { object in
            guard let name = gst_object_get_name(object) else { return "" }
            defer { g_free(name) }
            return String(cString: name)
        }
    }

    /// What made it, such as `x264enc`; empty for an element without a factory.
    package final var factoryName: String {
        withPointer(as: GstElement.self) { element in
            guard let factory = gst_element_get_factory(element),
                let name = gst_object_get_name(UnsafeMutablePointer<GstObject>(factory))
            else { return "" }
            defer { g_free(name) }
            return String(cString: name)
        }
    }

    /// Sets a property from the text that gst-launch takes, so that enumerations and flags go by their names.
    package final func set(_ name: String, fromText text: String) throws(PropertyError) {
        guard hasProperty(name) else { throw PropertyError(description: "\(typeName) has no property '\(name)'") }
        withPointer(as: GObject.self) { gst_util_set_object_arg($0, name, text) }
    }
}

extension Element {
    /// Calls `handler` with each buffer that goes through a pad, on the streaming thread.
    ///
    /// - Returns: `false` if there is no such pad.
    package final func onBuffer(at pad: String, _ handler: @escaping @Sendable () -> Void) -> Bool {
        typealias Handler = @Sendable () -> Void
        guard let pad = withPointer(as: GstElement.self, { gst_element_get_static_pad($0, pad) }) else { return false }
        gst_pad_add_probe(
            pad,
            GST_PAD_PROBE_TYPE_BUFFER,
            { _, _, data in
                if let data { Retained<Handler>.value(of: data)() }
                return GST_PAD_PROBE_OK
            },
            Retained<Handler>(handler).toOpaque(),
            { data in if let data { Retained<Handler>.release(data) } }
        )
        gst_object_unref(pad)
        return true
    }
}

/// An element that holds others.
package class Bin: Element, @unchecked Sendable {  // GstBin locks itself.
    /// The element of a name in this bin or in those below it (`gst_bin_get_by_name`).
    package final func element(named name: String) -> Element? {
        find(name).map { Element(adopting: $0) }
    }

    /// The `appsrc` of a name.
    package final func appSource(named name: String) -> AppSource? {
        find(name, ofType: gst_app_src_get_type()).map { AppSource(adopting: $0) }
    }

    /// The `appsink` of a name.
    package final func appSink(named name: String) -> AppSink? {
        find(name, ofType: gst_app_sink_get_type()).map { AppSink(adopting: $0) }
    }

    /// Parses a description into a bin with ghost pads, to be put into somebody else's pipeline.
    package static func parse(_ description: String) throws(ParseError) -> Bin {
        Bin(sinking: try GStreamer.parse(description, asBin: true))
    }

    /// Adds a `fakesink` of a name: it takes everything, at once.
    package final func addDrain(named name: String) throws(PropertyError) {
        guard let made = gst_element_factory_make("fakesink", name) else {
            throw PropertyError(description: "no fakesink could be made")
        }
        let drain = Element(sinking: UnsafeMutableRawPointer(made))
        try drain.set("sync", to: false)
        try drain.set("async", to: false)
        withPointer(as: GstBin.self) { bin in
            _ = drain.withPointer(as: GstElement.self) { gst_bin_add(bin, $0) }
        }
    }

    private func find(_ name: String, ofType type: GType? = nil) -> UnsafeMutableRawPointer? {
        guard let found = withPointer(as: GstBin.self, { gst_bin_get_by_name($0, name) }) else { return nil }
        if let type, g_type_is_a(martlet_object_type(found), type) == 0 {
            gst_object_unref(found)
            return nil
        }
        return UnsafeMutableRawPointer(found)
    }
}

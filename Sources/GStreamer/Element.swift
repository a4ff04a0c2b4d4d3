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

    private func find(_ name: String, ofType type: GType? = nil) -> UnsafeMutableRawPointer? {
        guard let found = withPointer(as: GstBin.self, { gst_bin_get_by_name($0, name) }) else { return nil }
        if let type, g_type_is_a(martlet_object_type(found), type) == 0 {
            gst_object_unref(found)
            return nil
        }
        return UnsafeMutableRawPointer(found)
    }
}

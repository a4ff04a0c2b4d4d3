// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// One owned reference to a format (`GstCaps`), which is never changed.
// Caps count references atomically.
package final class Caps: @unchecked Sendable, Equatable, CustomStringConvertible {
    let pointer: UnsafeMutablePointer<GstCaps>

    init(retaining pointer: UnsafeMutablePointer<GstCaps>) { self.pointer = gst_caps_ref(pointer) }

    /// Parses the text form, such as `video/x-h264,stream-format=avc`.
    package init?(_ text: String) {
        guard let made = gst_caps_from_string(text) else { return nil }
        pointer = made
    }

    deinit { gst_caps_unref(pointer) }

    package static func == (one: Caps, other: Caps) -> Bool {
        one.pointer == other.pointer || gst_caps_is_equal(one.pointer, other.pointer) != 0
    }

    package var description: String {
        guard let text = gst_caps_to_string(pointer) else { return "" }
        defer { g_free(text) }
        return String(cString: text)
    }

    /// The media type of the first structure, such as `video/x-h264`.
    package var mediaType: String {
        gst_caps_get_structure(pointer, 0).flatMap { gst_structure_get_name($0) }.map { String(cString: $0) } ?? ""
    }

    /// A text field of the first structure.
    package func string(_ field: String) -> String? {
        gst_caps_get_structure(pointer, 0).flatMap { gst_structure_get_string($0, field) }.map { String(cString: $0) }
    }

    /// A number field of the first structure.
    package func int(_ field: String) -> Int? {
        var value: gint = 0
        guard let structure = gst_caps_get_structure(pointer, 0), gst_structure_get_int(structure, field, &value) != 0
        else { return nil }
        return Int(value)
    }

    /// A fraction of the first structure.
    package func fraction(_ field: String) -> (numerator: Int, denominator: Int)? {
        var (numerator, denominator): (gint, gint) = (0, 0)
        guard let structure = gst_caps_get_structure(pointer, 0),
            gst_structure_get_fraction(structure, field, &numerator, &denominator) != 0
        else { return nil }
        return (Int(numerator), Int(denominator))
    }

    /// The bytes of a buffer field of the first structure, such as `codec_data`.
    package func bytes(_ field: String) -> [UInt8]? {
        guard let structure = gst_caps_get_structure(pointer, 0),
            let value = gst_structure_get_value(structure, field), martlet_value_holds_buffer(value) != 0,
            let buffer = martlet_value_buffer(value)
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(gst_buffer_get_size(buffer)))
        let count = gst_buffer_extract(buffer, 0, &bytes, gsize(bytes.count))
        return Array(bytes.prefix(Int(count)))
    }
}

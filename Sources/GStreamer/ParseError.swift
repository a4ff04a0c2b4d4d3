// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib

/// Why a description is no pipeline, in GStreamer's words, and what is missing.
package struct ParseError: Error, Equatable, CustomStringConvertible {
    /// GStreamer's own text.
    package let text: String
    /// Elements that no installed plugin has.
    package let missingElements: [String]

    package init(text: String, missingElements: [String] = []) {
        self.text = text
        self.missingElements = missingElements
    }

    package var description: String {
        guard !missingElements.isEmpty else { return text }
        let packages = missingElements.map { element in
            guard let package = DebianPackage.containing(element: element) else {
                return "element '\(element)' is not installed, and no Debian package known to Martlet has it"
            }
            // This plugin offers its codecs only where the kernel has a device for them.
            if element.hasPrefix("v4l2"), DebianPackage.isInstalled(plugin: "video4linux2") {
                return "element '\(element)' is not to be had on this machine, which has no such hardware codec: "
                    + "choose a pipeline that encodes in software, such as libcamera-software"
            }
            return "element '\(element)' is missing: install it with 'apt install \(package)'"
        }
        return packages.joined(separator: "; ")
    }
}

/// Parses a description into a floating pipeline, or into a bin with ghost pads.
func parse(_ description: String, asBin: Bool) throws(ParseError) -> UnsafeMutableRawPointer {
    var error: UnsafeMutablePointer<GError>?
    let context = gst_parse_context_new()
    defer { gst_parse_context_free(context) }
    let made =
        asBin
        ? gst_parse_bin_from_description_full(description, 0, context, GST_PARSE_FLAG_FATAL_ERRORS, &error)
        : gst_parse_launch_full(description, context, GST_PARSE_FLAG_FATAL_ERRORS, &error)
    guard error == nil, let made else {
        if let made { gst_object_unref(made) }
        var missing: [String] = []
        // The context also names elements that are there, when something else about them is wrong.
        let isMissing = error?.pointee.code == gint(GST_PARSE_ERROR_NO_SUCH_ELEMENT.rawValue)
        if isMissing, let names = gst_parse_context_get_missing_elements(context) {
            var next = names
            while let name = next.pointee {
                missing.append(String(cString: name))
                next += 1
            }
            g_strfreev(names)
        }
        throw ParseError(text: takeMessage(of: error), missingElements: missing)
    }
    return UnsafeMutableRawPointer(made)
}

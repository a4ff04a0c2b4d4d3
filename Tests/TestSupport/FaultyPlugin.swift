// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// The element `faulty`, which fails as drivers and encoders do: see FaultyElement.c.
package enum FaultyPlugin {
    /// Has GStreamer know the element in this process.
    package static func load() throws { _ = try loaded.get() }

    private static let loaded = Result<Void, any Error> {
        var error: UnsafeMutablePointer<GError>?
        guard let plugin = gst_plugin_load_file(try Product.file("libFaultyElement.so"), &error) else {
            let words = error.map { String(cString: $0.pointee.message) } ?? "no reason is given"
            throw CommandFailure(description: "the faulty element cannot be loaded: \(words)")
        }
        gst_object_unref(UnsafeMutableRawPointer(plugin))
    }
}

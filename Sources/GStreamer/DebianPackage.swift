// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// Which Debian package has which element, for those that camera pipelines are made of (Debian 12 and 13).
package enum DebianPackage {
    /// The package to install for a missing element; `nil` if it is not one of those below.
    package static func containing(element: String) -> String? { packages[element] }

    /// Whether GStreamer has a plugin of this name, whatever it offers here.
    static func isInstalled(plugin: String) -> Bool {
        guard let found = gst_registry_find_plugin(gst_registry_get(), plugin) else { return false }
        gst_object_unref(UnsafeMutableRawPointer(found))
        return true
    }

    // From the `Gstreamer-Elements:` fields of Debian's package index.
    private static let packages: [String: String] = {
        let elements = [
            "libgstreamer1.0-0": "capsfilter fakesink fakesrc filesink filesrc funnel identity queue tee valve",
            "gstreamer1.0-plugins-base":
                "appsink appsrc audioconvert audioresample audiotestsrc decodebin overlaycomposition videoconvert "
                + "videoconvertscale videorate videoscale videotestsrc",
            "gstreamer1.0-x": "clockoverlay textoverlay textrender timeoverlay",
            "gstreamer1.0-plugins-good":
                "deinterlace flip jpegdec jpegenc matroskamux mp4mux multifilesink qtmux rtph264depay rtph264pay "
                + "rtph265depay rtph265pay rtpjpegdepay rtspsrc splitmuxsink udpsrc v4l2convert v4l2h264enc v4l2jpegdec "
                + "v4l2src videobalance videobox videocrop videoflip",
            "gstreamer1.0-plugins-bad":
                "debugqroverlay h264parse h264timestamper h265parse h265timestamper jpegparse openh264enc "
                + "qroverlay timecodestamper webrtcbin",
            "gstreamer1.0-plugins-ugly": "x264enc",
            "gstreamer1.0-libav": "avdec_h264 avdec_h265",
            "gstreamer1.0-libcamera": "libcamerasrc",
            "gstreamer1.0-rtsp": "rtspclientsink",
            "gstreamer1.0-vaapi": "vaapih264enc",
        ]
        var packages: [String: String] = [:]
        for (package, names) in elements {
            for name in names.split(separator: " ") { packages[String(name)] = package }
        }
        return packages
    }()
}

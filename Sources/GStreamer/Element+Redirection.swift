// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib

extension Element {
    /// Has an `rtspsrc` talk to no other server than that of its URL, whoever redirects it: it would show its password there.
    ///
    /// `refused` is called with the URL that it was sent to.
    package final func refuseRedirections(from host: String, port: Int?, refused: @escaping @Sendable (String) -> Void)
    {
        connect("before-send") { arguments in
            guard let message = arguments.boxed(0)?.assumingMemoryBound(to: GstRTSPMessage.self) else { return true }
            var text: UnsafePointer<gchar>?
            gst_rtsp_message_parse_request(message, nil, &text, nil)
            var url: UnsafeMutablePointer<GstRTSPUrl>?
            // A request for everything (`*`) names no server.
            guard let text, gst_rtsp_url_parse(text, &url) == GST_RTSP_OK, let url else { return true }
            defer { gst_rtsp_url_free(url) }
            // No port is the protocol's own; `rtspsrc` writes rtsp:// also where it means rtsps://.
            let given = url.pointee.port == 0 ? nil : Int(url.pointee.port)
            let found = url.pointee.host.map { String(cString: $0) } ?? ""
            if found.lowercased() == host.lowercased(), given == port { return true }
            refused(String(cString: text))
            return false
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// What an RTSP client says that it will send: the session description of its `ANNOUNCE` (RFC 2326, 10.3; RFC 8866).
package struct RTSPAnnouncement: Sendable {
    /// One `m=` section.
    package struct Stream: Sendable {
        /// Such as `video`.
        package let media: String
        /// Of its first format that has one (`a=rtpmap`), such as `H264`; empty if none has.
        package let encodingName: String
        /// Its attributes that have a value, such as `martlet-clock`.
        package let attributes: [String: String]
    }

    /// In the order of the description, whose places are their names.
    package let streams: [Stream]

    /// `nil` for a request that brings no description, or none that can be read.
    init?(_ request: UnsafeMutablePointer<GstRTSPMessage>?) {
        var (data, size): (UnsafeMutablePointer<UInt8>?, guint) = (nil, 0)
        guard gst_rtsp_message_get_body(request, &data, &size) == GST_RTSP_OK, let data, size > 0 else { return nil }
        var message = GstSDPMessage()
        guard gst_sdp_message_init(&message) == GST_SDP_OK else { return nil }
        defer { gst_sdp_message_uninit(&message) }
        // GStreamer passes over lines that are none; every description has a version.
        guard gst_sdp_message_parse_buffer(data, size, &message) == GST_SDP_OK, message.version != nil else {
            return nil
        }
        streams = (0..<gst_sdp_message_medias_len(&message)).compactMap { index in
            gst_sdp_message_get_media(&message, index).map { Stream($0) }
        }
    }
}

extension RTSPAnnouncement.Stream {
    fileprivate init(_ section: UnsafePointer<GstSDPMedia>) {
        media = gst_sdp_media_get_media(section).map { String(cString: $0) } ?? ""
        let maps = (0..<gst_sdp_media_attributes_len(section)).compactMap { index -> String? in
            gst_sdp_media_get_attribute_val_n(section, "rtpmap", index).map { String(cString: $0) }
        }
        // "96 H264/90000"
        encodingName =
            maps.first.flatMap { $0.split(separator: " ").dropFirst().first }
            .flatMap { $0.split(separator: "/").first }.map(String.init) ?? ""
        var found: [String: String] = [:]
        for index in 0..<gst_sdp_media_attributes_len(section) {
            guard let attribute = gst_sdp_media_get_attribute(section, index), let key = attribute.pointee.key,
                let value = attribute.pointee.value
            else { continue }
            found[String(cString: key)] = String(cString: value)
        }
        attributes = found
    }
}

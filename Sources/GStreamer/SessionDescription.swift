// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// What an RTSP peer says that it sends: the answer to `DESCRIBE`, or what an `ANNOUNCE` brings (RFC 2326, 10.2, 10.3;
/// RFC 8866).
package struct SessionDescription: Sendable {
    /// One `m=` section.
    package struct Stream: Sendable {
        /// Such as `video`.
        package let media: String
        /// Of its first format that has one (`a=rtpmap`), such as `H264`; empty if none has.
        package let encodingName: String
        /// The number of that format; `nil` if it does not say.
        package let payloadType: UInt8?
        /// Ticks of its timestamps in a second; 0 if it does not say.
        package let clockRate: UInt32
        /// Its attributes that have a value, such as `martlet-clock`.
        package let attributes: [String: String]
        /// What is said of the first format (`a=fmtp`), by names in lower case.
        package let parameters: [String: String]
    }

    /// In the order of the description, whose places are their names.
    package let streams: [Stream]
    /// What all of it is controlled by (`a=control` of the session).
    package let control: String?

    /// `nil` for a message that brings no description, or none that can be read.
    init?(_ message: UnsafeMutablePointer<GstRTSPMessage>?) {
        var (data, size): (UnsafeMutablePointer<UInt8>?, guint) = (nil, 0)
        guard gst_rtsp_message_get_body(message, &data, &size) == GST_RTSP_OK, let data, size > 0 else { return nil }
        var description = GstSDPMessage()
        guard gst_sdp_message_init(&description) == GST_SDP_OK else { return nil }
        defer { gst_sdp_message_uninit(&description) }
        // GStreamer passes over lines that are none; every description has a version.
        guard gst_sdp_message_parse_buffer(data, size, &description) == GST_SDP_OK, description.version != nil else {
            return nil
        }
        streams = (0..<gst_sdp_message_medias_len(&description)).compactMap { index in
            gst_sdp_message_get_media(&description, index).map { Stream($0) }
        }
        control = gst_sdp_message_get_attribute_val(&description, "control").map { String(cString: $0) }
    }
}

extension SessionDescription.Stream {
    fileprivate init(_ section: UnsafePointer<GstSDPMedia>) {
        media = gst_sdp_media_get_media(section).map { String(cString: $0) } ?? ""
        var found: [(key: String, value: String)] = []
        for index in 0..<gst_sdp_media_attributes_len(section) {
            guard let attribute = gst_sdp_media_get_attribute(section, index), let key = attribute.pointee.key,
                let value = attribute.pointee.value
            else { continue }
            found.append((String(cString: key), String(cString: value)))
        }
        attributes = Dictionary(found.map { ($0.key, $0.value) }) { $1 }
        let format = gst_sdp_media_get_format(section, 0).map { String(cString: $0) }
        // "96 H264/90000"
        let map = found.first { $0.key == "rtpmap" }?.value.split(separator: " ")
        payloadType = map?.first.flatMap { UInt8($0) }
        let encoding = map?.dropFirst().first?.split(separator: "/") ?? []
        // RFC 3551, 6: number 26 is JPEG without saying so.
        encodingName = encoding.first.map(String.init) ?? (format == "26" ? "JPEG" : "")
        clockRate = encoding.dropFirst().first.flatMap { UInt32($0) } ?? 0
        // "96 packetization-mode=1; sprop-parameter-sets=Z0I…,aM4…"
        let line = found.first { $0.key == "fmtp" && $0.value.split(separator: " ").first == map?.first }?.value
        let list = line.flatMap { $0.split(separator: " ", maxSplits: 1).dropFirst().first } ?? ""
        let pairs = list.split(separator: ";").compactMap { pair -> (String, String)? in
            let parts = pair.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " } }
            return parts.count == 2 ? (parts[0].lowercased(), parts[1]) : nil
        }
        parameters = Dictionary(pairs) { $1 }
    }

    /// The parameter sets that it tells of, as NAL units (RFC 6184, 8.1; RFC 7798, 7.1).
    package var parameterSets: [[UInt8]] {
        ["sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets"].flatMap { name in
            (parameters[name] ?? "").split(separator: ",").compactMap { text in
                var size: gsize = 0
                guard let data = g_base64_decode(String(text), &size) else { return nil }
                defer { g_free(data) }
                return size > 0 ? Array(UnsafeBufferPointer(start: data, count: Int(size))) : nil
            }
        }
    }
}

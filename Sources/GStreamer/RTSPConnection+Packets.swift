// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

extension RTSPConnection {
    /// What a packet may have in bytes where the network does not limit it: over TCP.
    ///
    /// A packet costs its sender and every receiver the same whatever is in it. ffmpeg, live555 (VLC) and GStreamer take more;
    /// ffmpeg's `RTP_MAX_PACKET_LENGTH`, for which others are made as well, is 8192.
    private static let interleavedLimit: guint = 8192

    /// The video that is about to be sent goes in larger packets where it goes over the connection itself.
    static func enlargePackets() {
        guard let session = gst_rtsp_context_get_current()?.pointee.sessmedia,
            let media = gst_rtsp_session_media_get_media(session)
        else { return }
        for index in 0..<gst_rtsp_media_n_streams(media) {
            guard let transport = gst_rtsp_session_media_get_transport(session, index),
                let settings = gst_rtsp_stream_transport_get_transport(transport),
                settings.pointee.lower_transport == GST_RTSP_LOWER_TRANS_TCP,
                let stream = gst_rtsp_stream_transport_get_stream(transport)
            else { continue }
            gst_rtsp_stream_set_mtu(stream, interleavedLimit)
        }
    }
}

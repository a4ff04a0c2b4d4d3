// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib

/// The media behind an RTSP client (`GstRTSPMedia`), which tells the client when each frame was captured, or is told.
///
/// Its sender reports map RTP time to the wall clock at the frames' capture, not at their sending, and its session
/// description says what that clock is worth, in an attribute of our own: `a=martlet-clock:synchronised`.
///
/// RFC 7273's `ts-refclk` would say it too, but GStreamer 1.22 as a receiver then leaves the sender reports' times out,
/// for every value but the `local` that gst-rtsp-server puts there by itself.
enum RTSPMedia {
    private static let name = "martlet-clock"
    private static let attributeKey = "martlet-clock-attribute"

    private final class ClockAttribute {
        let value: @Sendable () -> String?
        init(_ value: @escaping @Sendable () -> String?) { self.value = value }
    }

    /// Has `clock` asked for what the session description says of the clock.
    static func setClockAttribute(_ clock: @escaping @Sendable () -> String?, of media: UnsafeMutableRawPointer) {
        g_object_set_data_full(
            media.assumingMemoryBound(to: GObject.self),
            attributeKey,
            Retained(ClockAttribute(clock)).toOpaque(),
            { pointer in if let pointer { Retained<ClockAttribute>.release(pointer) } }
        )
    }

    static let type = g_type_register_static_simple(
        gst_rtsp_media_get_type(),
        "MartletRTSPMedia",
        guint(MemoryLayout<GstRTSPMediaClass>.size),
        { classPointer, _ in
            guard let classPointer else { return }
            parentClass = g_type_class_peek_parent(classPointer)?.assumingMemoryBound(to: GstRTSPMediaClass.self)
            let mediaClass = classPointer.assumingMemoryBound(to: GstRTSPMediaClass.self)
            mediaClass.pointee.setup_rtpbin = { media, rtpbin in
                if let media, let rtpbin {
                    let isRecording =
                        gst_rtsp_media_get_transport_mode(media).rawValue & GST_RTSP_TRANSPORT_MODE_RECORD.rawValue
                    if isRecording != 0 { RTSPMedia.keepTimes(rtpbin) } else { RTSPMedia.reportCaptureTimes(rtpbin) }
                }
                // The parent may have nothing to set up.
                guard let setup = parentClass?.pointee.setup_rtpbin else { return 1 }
                return setup(media, rtpbin)
            }
            mediaClass.pointee.setup_sdp = { media, sdp, info in
                guard let setup = parentClass?.pointee.setup_sdp, setup(media, sdp, info) != 0 else { return 0 }
                if let media, let sdp { RTSPMedia.describeClock(of: media, in: sdp) }
                return 1
            }
        },
        guint(MemoryLayout<GstRTSPMedia>.size),
        nil,
        GTypeFlags(rawValue: 0)
    )

    // Set once by GObject before the first instance exists.
    nonisolated(unsafe) private static var parentClass: UnsafeMutablePointer<GstRTSPMediaClass>?

    private static func reportCaptureTimes(_ rtpbin: UnsafeMutablePointer<GstElement>) {
        let bin = Object(retaining: UnsafeMutableRawPointer(rtpbin))
        // GStreamer has had it since 1.20; without it reports tell the time of sending, a few milliseconds later.
        do { try bin.set("rtcp-sync-send-time", to: false) } catch { Log.warning("\(error)") }
    }

    /// What clients send keeps their own timestamps, and says when it was captured where they do.
    private static func keepTimes(_ rtpbin: UnsafeMutablePointer<GstElement>) {
        let bin = Element(retaining: UnsafeMutableRawPointer(rtpbin))
        do {
            try bin.set("buffer-mode", fromText: "none")
            try bin.set("add-reference-timestamp-meta", to: true)
        } catch {
            Log.warning("\(error)")
        }
    }

    private static func describeClock(
        of media: UnsafeMutablePointer<GstRTSPMedia>,
        in sdp: UnsafeMutablePointer<GstSDPMessage>
    ) {
        let object = UnsafeMutableRawPointer(media).assumingMemoryBound(to: GObject.self)
        guard let data = g_object_get_data(object, attributeKey),
            let value = Retained<ClockAttribute>.value(of: data).value()
        else { return }
        addClock(value, to: sdp)
    }

    /// Says in each stream of a session description what the clock of its times is worth.
    static func addClock(_ value: String, to sdp: UnsafeMutablePointer<GstSDPMessage>) {
        for index in 0..<gst_sdp_message_medias_len(sdp) {
            // Given as constant, though it is the message's own, which is being made.
            guard let stream = UnsafeMutablePointer(mutating: gst_sdp_message_get_media(sdp, index)) else { continue }
            gst_sdp_media_add_attribute(stream, name, value)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

extension Sample {
    /// An access unit that is put together outside of a pipeline; its bytes are copied.
    ///
    /// `captureTime` is when it was captured by the sender's clock, in nanoseconds since 1900 (NTP), if that is known.
    package init(
        accessUnit bytes: UnsafeRawBufferPointer,
        presentation: ClockTime,
        isKeyframe: Bool,
        caps: Caps,
        captureTime: UInt64? = nil
    ) {
        let buffer = gst_buffer_new_memdup(bytes.baseAddress, gsize(bytes.count))
        if let buffer {
            buffer.pointee.pts = GstClockTime(presentation.nanoseconds)
            buffer.pointee.dts = GstClockTime(presentation.nanoseconds)
            if !isKeyframe { martlet_buffer_set_delta(buffer) }
            if let captureTime { martlet_buffer_add_ntp_time(buffer, GstClockTime(captureTime)) }
        }
        var segment = GstSegment()
        gst_segment_init(&segment, GST_FORMAT_TIME)
        self.init(adopting: gst_sample_new(buffer, caps.pointer, &segment, nil))
        if let buffer { gst_buffer_unref(buffer) }
    }
}

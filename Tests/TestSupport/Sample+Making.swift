// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GStreamer

extension Sample {
    /// A sample made by hand, in a segment in which timestamps are running times.
    ///
    /// - Parameter caps: the format in its text form.
    package static func made(
        of bytes: [UInt8],
        caps: String = "video/x-h264,stream-format=(string)avc,alignment=(string)au",
        presentation: ClockTime?,
        decode: ClockTime? = nil,
        isKeyframe: Bool
    ) -> Sample {
        guard let buffer = gst_buffer_new_memdup(bytes, gsize(bytes.count)), let caps = gst_caps_from_string(caps) else {
            fatalError("GStreamer made no buffer")
        }
        buffer.pointee.pts = presentation.map { GstClockTime($0.nanoseconds) } ?? .max
        buffer.pointee.dts = decode.map { GstClockTime($0.nanoseconds) } ?? .max
        if !isKeyframe { _ = gst_buffer_set_flags(buffer, GstBufferFlags(rawValue: GST_BUFFER_FLAG_DELTA_UNIT.rawValue)) }
        var segment = GstSegment()
        gst_segment_init(&segment, GST_FORMAT_TIME)
        guard let sample = gst_sample_new(buffer, caps, &segment, nil) else { fatalError("GStreamer made no sample") }
        gst_buffer_unref(buffer)
        gst_caps_unref(caps)
        return Sample(adopting: sample)
    }

    /// A received frame as a sample once more, at another time.
    package static func made(of frame: ReceivedFrame, at time: ClockTime) -> Sample {
        made(of: frame.bytes, caps: frame.caps, presentation: time, decode: time, isKeyframe: frame.isKeyframe)
    }

    /// A copy of the access unit's bytes.
    package var bytes: [UInt8] { withBytes { Array($0) } }
}

/// A frame as somebody received it.
package struct ReceivedFrame: Equatable, Sendable {
    package let bytes: [UInt8]
    package let presentation: ClockTime?
    package let decode: ClockTime?
    package let isKeyframe: Bool
    package let caps: String

    package init(_ sample: borrowing Sample) {
        bytes = sample.bytes
        presentation = sample.presentationTime
        decode = sample.decodeTime
        isKeyframe = sample.isKeyframe
        caps = sample.caps?.description ?? ""
    }

    /// MD5 of the bytes, as ffmpeg and ffprobe write it.
    package var hash: String {
        guard let text = g_compute_checksum_for_data(G_CHECKSUM_MD5, bytes, gsize(bytes.count)) else { return "" }
        defer { g_free(text) }
        return String(cString: text)
    }
}


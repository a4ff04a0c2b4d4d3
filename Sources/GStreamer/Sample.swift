// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// One encoded access unit with its format (`GstSample`), by reference: its bytes are never copied.
///
/// Not copyable, so that a frame's way through a feed costs no Swift allocation and every reference is given back once.
package struct Sample: ~Copyable, @unchecked Sendable {  // Samples count references atomically and are not changed.
    let pointer: OpaquePointer
    /// Whether it was taken as it came: what waited for its reader says nothing of how long it was on its way.
    package var isPrompt = true

    /// Takes over a reference that the caller owns ("transfer full").
    package init(adopting pointer: OpaquePointer) { self.pointer = pointer }

    deinit { gst_sample_unref(pointer) }

    /// Whether decoding can begin here: an IDR picture, not a delta unit.
    package var isKeyframe: Bool {
        guard let buffer = gst_sample_get_buffer(pointer) else { return false }
        return martlet_buffer_is_delta(buffer) == 0
    }

    /// Size of the access unit in bytes.
    package var byteCount: Int { gst_sample_get_buffer(pointer).map { Int(gst_buffer_get_size($0)) } ?? 0 }

    /// The format; always there in what an appsink hands out.
    package var caps: Caps? { gst_sample_get_caps(pointer).map { Caps(retaining: $0) } }

    /// Whether the sample carries exactly this format, by identity first and by value only if need be.
    package func hasCaps(_ caps: Caps) -> Bool {
        guard let own = gst_sample_get_caps(pointer) else { return false }
        return own == caps.pointer || gst_caps_is_equal(own, caps.pointer) != 0
    }

    /// When the picture is shown, on the media clock: the buffer's PTS as running time in its segment.
    package var presentationTime: ClockTime? {
        guard let buffer = gst_sample_get_buffer(pointer) else { return nil }
        return runningTime(buffer.pointee.pts)
    }

    /// When the picture is decoded, on the media clock.
    package var decodeTime: ClockTime? {
        guard let buffer = gst_sample_get_buffer(pointer) else { return nil }
        return runningTime(buffer.pointee.dts)
    }

    /// When the frame was captured by the sender's clock, in nanoseconds since 1970 UTC, if the sender's reports have told
    /// (`GstReferenceTimestampMeta` of `timestamp/x-ntp`).
    package var captureTime: Int64? {
        guard let buffer = gst_sample_get_buffer(pointer) else { return nil }
        let time = martlet_buffer_ntp_time(buffer)
        return time == .max ? nil : Int64(bitPattern: UInt64(time)) - Self.ntpEpoch
    }

    /// From 1900, where NTP's time begins, to 1970, in nanoseconds (RFC 5905, figure 4).
    private static let ntpEpoch: Int64 = 2_208_988_800 * 1_000_000_000

    private func runningTime(_ time: GstClockTime) -> ClockTime? {
        guard time != .max, let segment = gst_sample_get_segment(pointer) else { return nil }
        return ClockTime(gst_segment_to_running_time(segment, GST_FORMAT_TIME, time))
    }

    /// The same bytes at other times, in a plain segment in which timestamps are running times.
    package func retimed(presentation: ClockTime, decode: ClockTime, caps: Caps) -> Sample {
        guard let buffer = gst_sample_get_buffer(pointer), let copy = martlet_buffer_copy(buffer) else {
            return Sample(adopting: gst_sample_ref(pointer))
        }
        copy.pointee.pts = GstClockTime(presentation.nanoseconds)
        copy.pointee.dts = GstClockTime(decode.nanoseconds)
        var segment = GstSegment()
        gst_segment_init(&segment, GST_FORMAT_TIME)
        let sample = Sample(adopting: gst_sample_new(copy, caps.pointer, &segment, nil))
        gst_buffer_unref(copy)
        return sample
    }

    /// Lends the access unit's bytes, mapped for reading; empty if they cannot be mapped.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        var map = GstMapInfo()
        guard let buffer = gst_sample_get_buffer(pointer), gst_buffer_map(buffer, &map, GST_MAP_READ) != 0 else {
            return try body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        defer { gst_buffer_unmap(buffer, &map) }
        return try body(UnsafeRawBufferPointer(start: map.data, count: Int(map.size)))
    }
}

/// The samples since the last keyframe, kept by reference in order.
// Holds references like `Sample`, behind its owner's lock.
package struct SampleQueue: ~Copyable, @unchecked Sendable {
    private var pointers: [OpaquePointer] = []
    /// Bytes of all kept access units.
    package private(set) var byteCount = 0

    package init() {}

    deinit { for pointer in pointers { gst_sample_unref(pointer) } }

    package var count: Int { pointers.count }
    package var isEmpty: Bool { pointers.isEmpty }

    package mutating func append(_ sample: borrowing Sample) {
        pointers.append(gst_sample_ref(sample.pointer))
        byteCount += sample.byteCount
    }

    package mutating func removeAll() {
        for pointer in pointers { gst_sample_unref(pointer) }
        pointers.removeAll(keepingCapacity: true)
        byteCount = 0
    }

    /// Takes all that another has, behind what is kept already.
    package mutating func append(contentsOf other: consuming SampleQueue) {
        other.withEach { _, sample in append(sample) }
    }

    /// Lends the bytes of all samples at once, each mapped for reading.
    package func withBytes<Result, Failure: Error>(
        _ body: ([UnsafeRawBufferPointer]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var maps: [(buffer: UnsafeMutablePointer<GstBuffer>, map: GstMapInfo)] = []
        defer { for index in maps.indices { gst_buffer_unmap(maps[index].buffer, &maps[index].map) } }
        let pieces = pointers.map { pointer -> UnsafeRawBufferPointer in
            var map = GstMapInfo()
            guard let buffer = gst_sample_get_buffer(pointer), gst_buffer_map(buffer, &map, GST_MAP_READ) != 0 else {
                return UnsafeRawBufferPointer(start: nil, count: 0)
            }
            maps.append((buffer, map))
            return UnsafeRawBufferPointer(start: map.data, count: Int(map.size))
        }
        return try body(pieces)
    }

    /// Calls `body` with each sample and its index, oldest first.
    package func withEach<Failure: Error>(_ body: (Int, borrowing Sample) throws(Failure) -> Void) throws(Failure) {
        for (index, pointer) in pointers.enumerated() { try body(index, Sample(adopting: gst_sample_ref(pointer))) }
    }
}

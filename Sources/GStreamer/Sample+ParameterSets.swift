// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

extension Sample {
    /// The access unit without its parameter sets (SPS, PPS, for H.265 VPS), the other units' bytes shared; `nil` if it
    /// has none.
    ///
    /// For units with four bytes of length before each, `avc` and `hvc1`, in which a file must have the parameter sets in
    /// its sample entry alone (ISO/IEC 14496-15, 5.4.2 and 8.4.3). Anything else is left as it is.
    package func withoutParameterSets() -> Sample? {
        guard let buffer = gst_sample_get_buffer(pointer), let caps = gst_sample_get_caps(pointer) else { return nil }
        let structure = gst_caps_get_structure(caps, 0)
        guard let format = gst_structure_get_string(structure, "stream-format").map({ String(cString: $0) }),
            let isParameterSet = ParameterSet.test(streamFormat: format)
        else { return nil }
        let kept = withBytes { Self.ranges(in: $0, without: isParameterSet) }
        guard let kept else { return nil }
        guard let bare = gst_buffer_new() else { return nil }
        let metadata =
            GST_BUFFER_COPY_FLAGS.rawValue | GST_BUFFER_COPY_TIMESTAMPS.rawValue | GST_BUFFER_COPY_META.rawValue
        gst_buffer_copy_into(bare, buffer, GstBufferCopyFlags(rawValue: metadata), 0, gsize.max)
        for range in kept {
            gst_buffer_copy_into(bare, buffer, GST_BUFFER_COPY_MEMORY, gsize(range.lowerBound), gsize(range.count))
        }
        let sample = Sample(adopting: gst_sample_new(bare, caps, gst_sample_get_segment(pointer), nil))
        gst_buffer_unref(bare)
        return sample
    }

    /// What is left without the units that `isDropped` names; `nil` if that is everything or the lengths do not add up.
    static func ranges(in bytes: UnsafeRawBufferPointer, without isDropped: (UInt8) -> Bool) -> [Range<Int>]? {
        var kept: [Range<Int>] = []
        var offset = 0
        var hasDropped = false
        while offset < bytes.count {
            guard offset + 5 <= bytes.count else { return nil }
            let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
            let end = offset + 4 + length
            guard length > 0, end <= bytes.count else { return nil }
            if isDropped(bytes[offset + 4]) {
                hasDropped = true
            } else if let last = kept.last, last.upperBound == offset {
                kept[kept.count - 1] = last.lowerBound..<end
            } else {
                kept.append(offset..<end)
            }
            offset = end
        }
        return hasDropped && !kept.isEmpty ? kept : nil
    }
}

/// Tells parameter sets by the first byte of a unit.
private enum ParameterSet {
    static func test(streamFormat: String) -> ((UInt8) -> Bool)? {
        switch streamFormat {
        case "avc": { (7...8).contains($0 & 0x1f) }  // H.264, table 7-1
        case "hvc1": { (32...34).contains($0 >> 1 & 0x3f) }  // H.265, table 7-1
        default: nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// One sample of a track, for us a frame: where it lies and when it is shown (ISO/IEC 14496-12, 3.1.20 and 8.6 to 8.8).
package struct MediaSample: Equatable, Sendable {
    /// Where its bytes begin in the file.
    package var offset: UInt64
    /// When it is decoded, in units of the track's timescale.
    package var decodeTime: UInt64
    /// Its bytes.
    package var size: UInt32
    /// Until the next sample is decoded, in units of the track's timescale.
    package var duration: UInt32
    /// From when it is decoded to when it is shown, in units of the track's timescale, before any edit list.
    package var compositionOffset: Int32
    /// Which of the track's sample entries describes it, from 0.
    package var description: UInt16
    /// Whether decoding can begin with it.
    package var isSync: Bool

    package init(
        offset: UInt64,
        size: UInt32,
        decodeTime: UInt64,
        duration: UInt32,
        compositionOffset: Int32 = 0,
        isSync: Bool,
        description: UInt16 = 0
    ) {
        self.offset = offset
        self.decodeTime = decodeTime
        self.size = size
        self.duration = duration
        self.compositionOffset = compositionOffset
        self.description = description
        self.isSync = isSync
    }

    /// Where its bytes are in the file.
    package var range: Range<UInt64> { offset..<offset + UInt64(size) }
}

/// When what a track holds is shown (ISO/IEC 14496-12, 8.6.6): the part of an edit list that mp4mux uses.
package struct EditList: Equatable, Sendable {
    /// How long nothing is shown first, in units of the track's timescale.
    package var delay: UInt64
    /// The composition time that is shown after the delay; what is before it is not shown.
    package var mediaStart: UInt64

    package init(delay: UInt64 = 0, mediaStart: UInt64 = 0) {
        self.delay = delay
        self.mediaStart = mediaStart
    }
}

extension Duration {
    /// A number of units of a timescale, of which there are so many in a second.
    init(ticks: Int64, timescale: UInt32) {
        guard timescale > 0 else {
            self = .zero
            return
        }
        let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: Int64(timescale))
        // The rest is below 2^32, and so its product with 10^9 fits.
        self = .seconds(seconds) + .nanoseconds(rest * 1_000_000_000 / Int64(timescale))
    }
}

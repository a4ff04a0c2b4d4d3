// SPDX-License-Identifier: Apache-2.0
package import GStreamer

/// Gives each frame of a run the times that every consumer can rely on: decode times that only ever rise.
///
/// Cameras without B-frames (Raspberry Pi's encoder, nearly all network cameras) show pictures in the order in which they
/// decode them, so the decode time is the presentation time: what RTP receivers offer instead, the time of arrival,
/// would put the network's jitter into the file. When a picture is found to be shown before its predecessor, the
/// stream has B-frames, and from then on the time of arrival is all there is.
package struct FrameTimes: Sendable {
    /// Times for one frame, on the media clock.
    package struct Times: Equatable, Sendable {
        package let presentation: ClockTime
        package let decode: ClockTime
    }

    /// A source whose timestamps step back or ahead by more than this has begun anew, in another run.
    package static let largestStep = Duration.seconds(10)

    private var last: Times?
    private var isReordered = false
    private var drift: DriftCorrection

    package init(origin: TimestampOrigin) { drift = DriftCorrection(origin: origin) }

    /// The times for the next frame; `nil` if they do not continue what came before, so that a new run must begin.
    ///
    /// By a frame that is not `isPrompt`, since it waited for its reader, no drift is learnt.
    package mutating func next(presentation: ClockTime?, arrival: ClockTime, isPrompt: Bool = true) -> Times? {
        let presentation = drift.correct(presentation ?? arrival, arrival: arrival, isPrompt: isPrompt)
        guard let last else {
            return remember(Times(presentation: presentation, decode: presentation))
        }
        let step = presentation - last.presentation
        guard step > .zero - Self.largestStep, step < Self.largestStep else { return nil }
        if step < .zero { isReordered = true }
        let wanted = isReordered ? arrival : presentation
        let earliest = ClockTime(nanoseconds: last.decode.nanoseconds + 1)
        return remember(Times(presentation: presentation, decode: max(wanted, earliest)))
    }

    private mutating func remember(_ times: Times) -> Times {
        last = times
        return times
    }
}

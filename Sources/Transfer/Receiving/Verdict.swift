// SPDX-License-Identifier: Apache-2.0
internal import Configuration
package import Footage

/// What is known of a film that has come, before it is a chunk.
package struct Arrival: Equatable, Sendable {
    package let camera: String
    /// When it begins and ends.
    package let span: Range<UTCTime>
    /// How well that is known.
    package let clock: RunClock.State

    package init(camera: String, span: Range<UTCTime>, clock: RunClock.State) {
        (self.camera, self.span, self.clock) = (camera, span, clock)
    }
}

/// What becomes of a film that has come.
package enum Verdict: Equatable, Sendable {
    case take
    /// What it is to be compared with is not there yet.
    case wait
    case setAside(String)
}

extension Intake {
    /// What becomes of a film, given since when a chunk of its camera is being written, of which nothing is known before
    /// it is finished.
    ///
    /// That there is footage of its time says nothing: it may be another film, or lack what this one has. One of our own is
    /// compared frame by frame when it is taken.
    package nonisolated static func verdict(for arrival: Arrival, openSince: UTCTime?) -> Verdict {
        guard (try? CameraName(parsing: arrival.camera)) != nil else {
            return .setAside("it says that it is of a camera of an impossible name")
        }
        // Of when it was filmed nothing is known: so nothing it could be compared with.
        if arrival.clock == .unsynchronised { return .take }
        if let openSince, openSince < arrival.span.upperBound { return .wait }
        return .take
    }
}

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
    /// All of it is there already.
    case duplicate
    /// What it is to be compared with is not there yet.
    case wait
    case setAside(String)
}

extension Intake {
    /// What becomes of a film, given what there is of its camera in its span, and since when a chunk of that camera is
    /// being written, of which nothing is known before it is finished.
    ///
    /// What is there in part is taken: it is shown twice then, and nothing is lost.
    package nonisolated static func verdict(for arrival: Arrival, timeline: Timeline, openSince: UTCTime?) -> Verdict {
        guard (try? CameraName(parsing: arrival.camera)) != nil else {
            return .setAside("it says that it is of a camera of an impossible name")
        }
        // Of when it was filmed nothing is known: so nothing it could be compared with.
        if arrival.clock == .unsynchronised { return .take }
        let isCovered = timeline.entries.allSatisfy { $0.content == .footage }
        if isCovered, !timeline.entries.isEmpty { return .duplicate }
        if let openSince, openSince < arrival.span.upperBound { return .wait }
        return .take
    }
}

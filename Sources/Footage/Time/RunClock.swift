// SPDX-License-Identifier: Apache-2.0
internal import Synchronization

/// How a run's media time (nanoseconds of the monotonic clock) maps to the wall clock, and how well that is known.
///
/// Taken when the run begins. It becomes better at most once: when the camera has told by its sender reports when it
/// captured what came, or when a machine that did not know the time learns it.
package final class RunClock: Sendable {
    /// How the time of a run's frames is known.
    package enum State: String, Sendable, CaseIterable {
        /// The machine's clock was not synchronised: these times may be off by years.
        case unsynchronised
        /// From this machine's synchronised clock, when the frames were captured or arrived.
        case synchronised
        /// Corrected afterwards, when the clock was synchronised later in the same boot.
        case restamped
        /// From the camera's own clock (RTCP sender reports): the time of capture.
        case captured
    }

    package struct Mapping: Equatable, Sendable {
        /// What the wall clock shows at media time 0, as time since 1970 in nanoseconds.
        package var offset: Int64
        package var state: State

        package init(offset: Int64, state: State) { (self.offset, self.state) = (offset, state) }

        /// When something of a media time, in nanoseconds, was captured.
        package func wallTime(of media: Int64) -> UTCTime { UTCTime(nanoseconds: media &+ offset) }

        /// The media time, in nanoseconds, of a point on the wall clock.
        package func mediaTime(of time: UTCTime) -> Int64 { time.nanoseconds &- offset }
    }

    private let current: Mutex<Mapping>

    package init(_ mapping: Mapping) { current = Mutex(mapping) }

    /// From the clocks as they stand.
    package convenience init(_ reading: WallClock.Reading) {
        let state: State = reading.isSynchronised ? .synchronised : .unsynchronised
        self.init(Mapping(offset: reading.utc.nanoseconds - reading.monotonic, state: state))
    }

    package var mapping: Mapping { current.withLock { $0 } }

    /// The camera has told when it captured a frame.
    package func learn(captureOf media: Int64, at time: UTCTime) {
        current.withLock { $0 = Mapping(offset: time.nanoseconds - media, state: .captured) }
    }

    /// The machine's clock was synchronised after the run had begun without one: its frames get their true time.
    package func restamp(offset: Int64) {
        current.withLock { if $0.state == .unsynchronised { $0 = Mapping(offset: offset, state: .restamped) } }
    }

    /// Whether the machine's clock no longer agrees with what the run was begun by: it stepped, or was synchronised.
    ///
    /// Both ask for a new run: a step must not bend the times inside one.
    package static func hasChanged(_ now: WallClock.Reading, since then: WallClock.Reading) -> Bool {
        let step = now.offset - then.offset
        return max(step, .zero - step) > tolerance || (now.isSynchronised && !then.isSynchronised)
    }

    /// Less is what two readings of two clocks may differ by on a busy machine.
    private static let tolerance = Duration.milliseconds(50)
}

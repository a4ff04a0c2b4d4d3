// SPDX-License-Identifier: Apache-2.0
package import Footage
package import GStreamer

extension RunClock.Mapping {
    package func wallTime(of time: ClockTime) -> UTCTime { wallTime(of: Int64(bitPattern: time.nanoseconds)) }

    /// Saturates at zero, the media clock's beginning.
    package func mediaTime(of time: UTCTime) -> ClockTime {
        ClockTime(nanoseconds: UInt64(max(0, mediaTime(of: time))))
    }
}

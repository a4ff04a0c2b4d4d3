// SPDX-License-Identifier: Apache-2.0
internal import CLinux
internal import Glibc

/// Where the time comes from: the machine's own clocks, or a test's.
package struct WallClock: Sendable {
    /// The clocks as they stand at one moment.
    package struct Reading: Equatable, Sendable {
        /// The wall clock, right or wrong.
        package var utc: UTCTime
        /// `CLOCK_MONOTONIC`, which no step touches, in nanoseconds since about the machine's start.
        package var monotonic: Int64
        /// Whether the kernel's clock is disciplined by a time service (`adjtimex` without `STA_UNSYNC`).
        ///
        /// A Raspberry Pi has no clock of its own: until then it shows the time of its last shutdown, or 1970.
        package var isSynchronised: Bool

        package init(utc: UTCTime, monotonic: Int64, isSynchronised: Bool) {
            (self.utc, self.monotonic, self.isSynchronised) = (utc, monotonic, isSynchronised)
        }

        /// What the wall clock shows when the monotonic clock shows 0.
        ///
        /// A time service slews both clocks alike, so this changes by steps alone.
        package var offset: Duration { utc - UTCTime(nanoseconds: monotonic) }
    }

    /// Which start of the machine the monotonic clock belongs to (`/proc/sys/kernel/random/boot_id`).
    package let boot: String
    private let reading: @Sendable () -> Reading

    package init(boot: String, reading: @escaping @Sendable () -> Reading) {
        (self.boot, self.reading) = (boot, reading)
    }

    package func read() -> Reading { reading() }

    package var now: UTCTime { reading().utc }

    /// The machine's own.
    package static let system = WallClock(boot: systemBoot()) {
        let (utc, monotonic) = bothClocks()
        return Reading(utc: utc, monotonic: monotonic, isSynchronised: martlet_clock_is_synchronised() != 0)
    }

    /// The two clocks at one moment: a thread that is interrupted between them reads them again.
    private static func bothClocks() -> (UTCTime, Int64) {
        var best: (utc: UTCTime, monotonic: Int64, width: Int64)?
        for _ in 0..<8 {
            let before = monotonicNow()
            let utc = UTCTime.now
            let width = monotonicNow() - before
            if width < best?.width ?? .max { best = (utc, before + width / 2, width) }
            if width < 5_000 { break }
        }
        return best.map { ($0.utc, $0.monotonic) } ?? (.now, monotonicNow())
    }

    private static func monotonicNow() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func systemBoot() -> String {
        let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "unknown" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 36)
        return Glibc.read(file, &bytes, bytes.count) == bytes.count ? String(decoding: bytes, as: UTF8.self) : "unknown"
    }
}

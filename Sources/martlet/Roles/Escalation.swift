// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import Glibc

/// What is done when a camera gives no frames however often its pipeline is made anew.
///
/// The process starts anew, and at last, if it may, the machine: encoders that hang in the kernel let go no other way.
struct Escalation {
    enum Step: Equatable {
        /// Nothing but further pipelines.
        case none
        case restartProcess
        case restartMachine
    }

    /// A process that starts anew so often helps no more.
    static let mostRestarts = 3
    /// A machine that has only just started is not started again: a camera that is broken would have it do nothing else.
    static let leastUptime = Duration.seconds(600)

    static func step(restarts: Int, allowsReboot: Bool, uptime: Duration) -> Step {
        if restarts < mostRestarts { return .restartProcess }
        return allowsReboot && uptime >= leastUptime ? .restartMachine : .none
    }

    let runtime: RuntimeDirectory

    /// Frames flow.
    func noteFrames() {
        if !runtime.has(.frames) { runtime.write(.frames) }
        if runtime.has(.restarts) { runtime.remove(.restarts) }
    }

    /// What is to be done now, which is noted for the next process; without a service manager nobody would start one.
    func next(_ cause: String, allowsReboot: Bool) -> Step {
        guard runtime.path != nil, getenv("INVOCATION_ID") != nil else { return .none }
        let restarts = runtime.read(.restarts).flatMap { Int($0) } ?? 0
        let step = Self.step(restarts: restarts, allowsReboot: allowsReboot, uptime: Self.uptime)
        switch step {
        case .none: break
        case .restartProcess: runtime.write(.restarts, String(restarts + 1))
        case .restartMachine: runtime.write(.reboot, cause + "\n")
        }
        return step
    }

    private static var uptime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(time.tv_sec)
    }
}

// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// `[service]`: what the daemon may do to the machine that it runs on.
    package struct Service: Equatable, Sendable {
        /// Whether a camera that no new process brings back may have the machine started anew.
        package let rebootOnStuckCamera: Bool
    }
}

extension Configuration.Service {
    init(reading table: TableReader) {
        rebootOnStuckCamera = table.value(
            "reboot-on-stuck-camera",
            .bool,
            default: false,
            "Restart the machine when the camera hangs in its driver."
        )
    }
}

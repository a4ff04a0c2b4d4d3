// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// `[locations.NAME]`: cameras that belong together.
    package struct Location: Equatable, Sendable {
        /// Follows the rules of a camera's name.
        package let name: CameraName
        /// Names of the store's cameras.
        package let devices: [CameraName]
    }
}

extension Configuration.Location {
    init(name: CameraName, reading table: TableReader) {
        self.name = name
        devices = table.required("devices", .array(of: .cameraName), "The cameras that belong there.", .notYet)
    }
}

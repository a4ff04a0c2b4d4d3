// SPDX-License-Identifier: Apache-2.0

/// What a camera and a store are told to do: `config.toml` as typed values.
///
/// One file serves both roles: a camera reads `camera`, a store `store`, `cameras` and `locations`, both `access` and `service`.
package struct Configuration: Equatable, Sendable {
    /// What the process is for.
    package enum Role: String, Sendable {
        case camera
        case store
    }

    /// This device as a camera, if it is one.
    package let camera: Camera?
    /// This machine as a store, if it is one.
    package let store: Store?
    /// The cameras whose footage the store keeps, sorted by name.
    package let cameras: [RemoteCamera]
    /// Groups of cameras, sorted by name.
    package let locations: [Location]
    /// Who may see and do what.
    package let access: Access
    /// What the daemon may do to its machine.
    package let service: Service

    init(reading root: TableReader) {
        camera = root.optionalTable("camera", Camera.init)
        store = root.optionalTable("store", Store.init)
        cameras = root.tables("cameras", each: "camera", RemoteCamera.init)
        locations = root.tables("locations", each: "location", Location.init)
        access = root.table("access", Access.init)
        service = root.table("service", Service.init)
    }

    /// Every key there is, in the order of the reference.
    package static var keys: [Key] { described.findings.keys }

    /// Every table there is, and nothing but defaults in them.
    static var defaults: Configuration { described.values }

    private static var described: (values: Configuration, findings: Findings) {
        let findings = Findings(areDescriptions: true)
        return (Configuration(reading: TableReader(root: nil, findings: findings)), findings)
    }
}

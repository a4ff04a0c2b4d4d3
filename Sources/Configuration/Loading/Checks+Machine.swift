// SPDX-License-Identifier: Apache-2.0

extension Checks {
    /// Each directory belongs to one purpose: a quota counts and deletes what is in it.
    func checkDirectories() {
        let directories: [(key: String, value: String?)] = [
            ("camera.recording.directory", configuration.camera?.recording.directory),
            ("store.recording.directory", configuration.store?.recording.directory),
            ("store.incoming.directory", configuration.store?.incoming?.directory),
            ("access.directory", configuration.access.directory),
        ]
        var earlier: [(key: String, parts: [Substring])] = []
        for (key, directory) in inOrder(directories) {
            guard let directory, findings.isSound(key) else { continue }
            let parts = directory.split(separator: "/").filter { $0 != "." }
            if let other = earlier.first(where: { parts.starts(with: $0.parts) || $0.parts.starts(with: parts) }) {
                let relation =
                    parts == other.parts
                    ? "is \(other.key) too"
                    : parts.count > other.parts.count ? "is inside \(other.key)" : "has \(other.key) inside it"
                let message = "this directory \(relation), \(whereItIs(other.key))"
                report(key, message, hint: "each needs one of its own")
            }
            earlier.append((key, parts))
        }
    }

    /// No two servers listen on one address.
    ///
    /// A camera and a store that both keep their defaults pass: one file may serve two machines.
    func checkAddresses() {
        let defaults = addresses(of: .defaults)
        var earlier: [(key: String, address: ListenAddress, isDefault: Bool)] = []
        for (key, address) in inOrder(addresses(of: configuration)) {
            guard let address, findings.isSound(key) else { continue }
            let isDefault = defaults.contains { $0.key == key && $0.value == address }
            let other = earlier.first { $0.address.clashes(with: address) && !(isDefault && $0.isDefault) }
            if let other {
                let clash = other.address == address ? "" : " clashes with \(other.address), which"
                report(key, "\(address)\(clash) is where \(other.key) listens, \(whereItIs(other.key))")
            }
            earlier.append((key, address, isDefault))
        }
    }

    private func addresses(of configuration: Configuration) -> [(key: String, value: ListenAddress?)] {
        let camera = configuration.camera
        let store = configuration.store
        return addresses("camera", camera?.rtsp, camera?.web) + addresses("store", store?.rtsp, store?.web)
    }

    private func addresses(
        _ role: String,
        _ rtsp: Configuration.RTSP?,
        _ web: Configuration.Web?
    ) -> [(key: String, value: ListenAddress?)] {
        [
            ("\(role).rtsp.listen", rtsp?.listen), ("\(role).rtsp.tls-listen", rtsp?.tlsListen),
            ("\(role).web.listen", web?.listen), ("\(role).web.tls-listen", web?.tlsListen),
        ]
    }
}

// SPDX-License-Identifier: Apache-2.0

extension Checks {
    /// A camera is fetched or pushes, one of them.
    func checkSources() {
        for camera in configuration.cameras {
            let key = "cameras.\(camera.name)"
            guard findings.isSound("\(key).url"), findings.isSound("\(key).push") else { continue }
            if camera.push, camera.url != nil {
                let url = document.place(of: "\(key).url")
                report("\(key).push", "a camera that pushes has no 'url', but there is one at \(url)")
            } else if !camera.push, camera.url == nil {
                let hint = "add url = \"rtsp://…\", or push = true for a camera that brings its video"
                report(key, "the key 'url' is missing", hint: hint)
            }
        }
    }

    /// A user has a password, and there is one way to log in.
    func checkLogins() {
        for camera in configuration.cameras {
            let key = "cameras.\(camera.name)"
            let (user, passwordFile) = (document.node(at: "\(key).user"), document.node(at: "\(key).password-file"))
            if user != nil, passwordFile == nil {
                report("\(key).user", "a user needs a password", hint: "add password-file = \"/etc/martlet/…\"")
            } else if user == nil, passwordFile != nil {
                report("\(key).password-file", "there is no user for this password", hint: "add user = \"…\"")
            }
            if let user, document.node(at: "\(key).token-file") != nil {
                report(
                    "\(key).token-file",
                    "a camera is logged in to with a token or as a user, but there is a user at \(user.place)",
                    hint: "a Martlet camera takes the token, any other one the user"
                )
            }
        }
    }

    func checkURLs() {
        var first: [Video: String] = [:]
        let keys = configuration.cameras.map { ("cameras.\($0.name).url", $0.url) }
        for (key, url) in inOrder(keys) {
            guard let url, findings.isSound(key), let video = Video(url) else { continue }
            if let other = first[video] {
                report(key, "this is another camera's URL, first used at \(document.place(of: other))")
            } else {
                first[video] = key
            }
        }
    }

    /// What makes two URLs the same video; `rtsp` and `rtsps` lead to it on different ports.
    private struct Video: Hashable {
        let host: String
        let port: Int?
        let path: String

        init?(_ url: String) {
            guard case .success(let address) = Result(catching: { try ResourceAddress(parsing: url) }) else {
                return nil
            }
            (host, port, path) = (address.host, address.port, address.path)
        }
    }

    func checkLocations() {
        let names = Set(configuration.cameras.map(\.name))
        // Each hint looks at every name.
        let candidates = names.count <= 100 ? names.map(\.description).sorted() : []
        for location in configuration.locations {
            let key = "locations.\(location.name).devices"
            guard findings.isSound(key), case .array(let nodes) = document.node(at: key)?.value else { continue }
            var first: [CameraName: Place] = [:]
            for (device, node) in zip(location.devices, nodes) {
                if let other = first[device] {
                    report(key, at: node.place, "'\(device)' is listed twice, first at \(other)")
                } else if !names.contains(device) {
                    let hint =
                        nearest("\(device)", among: candidates).map { "did you mean \"\($0)\"?" }
                        ?? "add [cameras.\(device)]"
                    report(key, at: node.place, "there is no camera '\(device)'", hint: hint)
                }
                first[device] = first[device] ?? node.place
            }
        }
    }
}

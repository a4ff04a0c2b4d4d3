// SPDX-License-Identifier: Apache-2.0

extension Checks {
    /// Each way of bringing files has its own way to log in, and to know the server.
    func checkUploads() {
        guard let camera = configuration.camera else { return }
        var uploads = camera.uploads.map { (key: "camera.uploads.\($0.name)", upload: $0.upload) }
        if let upload = camera.upload { uploads.append(("camera.upload", upload)) }
        for (key, upload) in uploads {
            guard findings.isSound("\(key).url"), let address = try? ResourceAddress(parsing: upload.url) else {
                continue
            }
            if address.scheme == "sftp" || address.scheme == "scp" {
                checkSSH(key, upload)
            } else {
                checkFTP(key, upload, address)
            }
        }
        checkPlaces(uploads)
    }

    private func checkSSH(_ key: String, _ upload: Configuration.Upload) {
        if upload.hostKey != nil, upload.knownHosts != nil {
            warn("\(key).known-hosts", "is not used: 'host-key' says which server it is")
        }
        if upload.fingerprint != nil { warn("\(key).fingerprint", "is not used: SSH has no certificates") }
    }

    private func checkFTP(_ key: String, _ upload: Configuration.Upload, _ address: ResourceAddress) {
        let ofSSH = [("key-file", upload.keyFile), ("host-key", upload.hostKey), ("known-hosts", upload.knownHosts)]
        for (name, value) in ofSSH where value != nil {
            warn("\(key).\(name)", "is not used: \(address.scheme) has no SSH keys")
        }
        guard findings.isSound("\(key).password-file"), (address.user == nil) != (upload.passwordFile == nil) else {
            return
        }
        let what = address.user == nil ? "the URL has no user for the password" : "the URL's user has no password"
        report(key, what, hint: "write \(address.scheme)://USER@… and password-file = \"/etc/martlet/…\"")
    }

    private func warn(_ key: String, _ message: String) {
        findings.add(Diagnostic(.warning, at: document.place(of: key), key: key, message))
    }

    /// What a place has is noted under its URL.
    private func checkPlaces(_ uploads: [(key: String, upload: Configuration.Upload)]) {
        var first: [String: String] = [:]
        for (key, url) in inOrder(uploads.map { ("\($0.key).url", $0.upload.url) }) {
            if let other = first[url] {
                report(key, "chunks are brought there already, as \(document.place(of: other)) says")
            }
            first[url] = first[url] ?? key
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

extension Configuration {
    /// `[camera.push]`: live video that the camera brings to a store which cannot reach it.
    package struct Push: Equatable, Sendable {
        /// Where to, `rtsp` or `rtsps`.
        package let url: String
        /// The path of the file with the camera's device token.
        package let tokenFile: String
        /// Of the store's certificate, if it is to be checked.
        package let fingerprint: String?
        /// Where the store takes what the network lost; `nil` is the host of `url`.
        package let web: String?
    }

    /// `[camera.upload]` and `[camera.uploads.NAME]`: finished chunks that the camera brings somewhere as files.
    package struct Upload: Equatable, Sendable {
        /// Where to, `sftp`, `scp`, `ftp` or `ftps`.
        package let url: String
        /// The path of the private SSH key, for `sftp` and `scp`.
        package let keyFile: String?
        /// The path of the file with the password of the URL's user.
        package let passwordFile: String?
        /// SHA-256 of the server's SSH key: 43 characters of Base64.
        package let hostKey: String?
        /// The path of a file as OpenSSH's `known_hosts`.
        package let knownHosts: String?
        /// Of the server's certificate, for `ftps`, and for `ftp` that is to be encrypted.
        package let fingerprint: String?
        /// The most that is sent in a second, if there is a limit.
        package let rate: BitRate?
    }
}

extension Configuration.Push {
    init(reading table: TableReader) {
        url = table.required("url", .store, "Where the store takes the camera in.")
        tokenFile = table.required("token-file", .secretFile, "File with the camera's device token.")
        fingerprint = table.optional("fingerprint", .fingerprint, "Of the store's certificate.")
        web = table.optional("web", .storePage, absent: "the host of `url`", "Where it takes what the network lost.")
    }
}

extension Configuration.Upload {
    init(reading table: TableReader) {
        url = table.required("url", .files, "Where finished chunks are taken to.")
        keyFile = table.optional("key-file", .secretFile, "File with the private SSH key.")
        passwordFile = table.optional("password-file", .secretFile, "File with the password of the URL's user.")
        hostKey = table.optional("host-key", .hostKey, "Of the SSH server, as `ssh-keygen -lf` prints it.")
        knownHosts = table.optional("known-hosts", .file, "File with SSH servers' keys, as `known_hosts`.")
        fingerprint = table.optional("fingerprint", .fingerprint, "Of the certificate; `ftp` is encrypted with it.")
        rate = table.value("rate", .orNone(.sending), default: nil, "The most that is sent.")
    }
}

extension Format<BitRate> {
    fileprivate static var sending: Format { .rate(in: .kilobitsPerSecond(10) ... .megabitsPerSecond(10_000)) }
}

extension Format<String> {
    fileprivate static let storePage = url("https", "http", host: "store.local:8443", instead: "use 'token-file'")

    fileprivate static let store = url(
        "rtsps",
        "rtsp",
        host: "store.local:8322/front-door",
        instead: "use 'token-file'"
    )

    fileprivate static let files = url(
        "sftp",
        "scp",
        "ftp",
        "ftps",
        host: "martlet@store.local/incoming",
        allowsUser: true,
        instead: "use 'key-file'"
    )
}

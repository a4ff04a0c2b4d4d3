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

    /// `[camera.upload]`: finished chunks that the camera brings somewhere as files.
    package struct Upload: Equatable, Sendable {
        /// Where to, `sftp`, `scp`, `ftp` or `ftps`.
        package let url: String
        /// The path of the private SSH key, for `sftp` and `scp`.
        package let keyFile: String?
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
        url = table.required("url", .files, "Where finished chunks are taken to.", .notYet)
        keyFile = table.optional("key-file", .secretFile, "File with the private SSH key.", .notYet)
    }
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

// SPDX-License-Identifier: Apache-2.0
package import Configuration

/// A place that chunks are brought to as files, and how.
package struct Destination: Equatable, Sendable {
    enum Scheme: String, Sendable {
        case sftp, scp, ftp, ftps
    }

    /// As it was written: never with a password.
    package let url: String
    let scheme: Scheme
    /// The URL without its path, which begins with '/'.
    private let root: String
    /// The path as it was written, percent-encoded and without a '/' at its end; empty for none.
    private let path: String
    let user: String?
    let keyFile: String?
    let passwordFile: String?
    /// SHA-256 of the server's key, in Base64.
    let hostKey: String?
    let knownHosts: String?
    /// SHA-256 of the server's certificate, in hexadecimal after `sha256:`.
    let fingerprint: String?
    let bytesPerSecond: Int64?

    /// `nil` for a URL that configurations do not have.
    package init?(_ upload: Configuration.Upload) {
        guard let address = try? ResourceAddress(parsing: upload.url), let scheme = Scheme(rawValue: address.scheme),
            let port = address.port
        else { return nil }
        (url, self.scheme, user) = (upload.url, scheme, address.user)
        root = "\(scheme.rawValue)://\(address.host):\(port)"
        var path = address.path
        while path.hasSuffix("/") { path.removeLast() }
        self.path = path
        (keyFile, passwordFile) = (upload.keyFile, upload.passwordFile)
        (hostKey, knownHosts, fingerprint) = (upload.hostKey, upload.knownHosts, upload.fingerprint)
        bytesPerSecond = upload.rate.map { $0.bitsPerSecond / 8 }
    }

    var isSSH: Bool { scheme == .sftp || scheme == .scp }

    /// SCP knows neither folders to be made nor names to be changed: a file lies at once, and under its name, where it is
    /// to be.
    var isPlain: Bool { scheme == .scp }

    /// Where a chunk goes: its folders below the place, and its name there.
    func place(of chunkPath: String) -> Place {
        let parts = chunkPath.split(separator: "/").map(String.init)
        let name = parts.last ?? ""
        return Place(folder: isPlain ? "" : parts.dropLast().joined(separator: "/"), name: name)
    }

    /// A file's place below the destination; of characters that need no escape.
    struct Place: Equatable {
        let folder: String
        let name: String

        /// The file while it is sent: readers pass over what is hidden.
        var part: Place { Place(folder: folder, name: ".\(name).part") }
        var digest: Place { Place(folder: folder, name: "\(name).sha256") }
        var path: String { folder.isEmpty ? name : "\(folder)/\(name)" }
    }

    /// The whole URL of a file.
    func url(of place: Place) -> String { "\(root)\(path)/\(place.path)" }

    /// The URL of the folder that a file is in.
    func folderURL(of place: Place) -> String { "\(root)\(path)/\(place.folder)\(place.folder.isEmpty ? "" : "/")" }

    /// What commands call a file: SFTP by its path, in quotes; FTP by its name in the folder.
    func argument(_ place: Place) -> String {
        guard scheme == .sftp else { return place.name }
        return Self.quoted("\(serverPath)/\(place.path)")
    }

    /// The folder that is given, as SFTP's commands call it.
    var folderArgument: String { Self.quoted(serverPath.isEmpty ? "/" : serverPath) }

    /// `/~/` is the user's own folder in a URL; a path that begins without '/' is for commands.
    private var serverPath: String {
        let decoded = Self.decoded(path)
        if decoded == "/~" { return "." }
        return decoded.hasPrefix("/~/") ? String(decoded.dropFirst(3)) : decoded
    }

    private static func quoted(_ path: String) -> String {
        "\"\(path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }

    /// Without percent signs.
    static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), digits.utf8.count == 2, let value = UInt8(digits, radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The parts of a URL that tell whether a configuration may hold it, and whether two are the same.
///
/// Not a URL library: `scheme://user@host:port/rest`, where the rest is for whoever connects.
package struct ResourceAddress: Equatable, Sendable {
    /// In lower case.
    package let scheme: String
    /// The user in front of the host, percent-encoded as it was.
    package let user: String?
    /// Whether there is a password behind the user; it is not kept.
    package let hasPassword: Bool
    /// In lower case; an IPv6 address in its brackets.
    package let host: String
    /// The port, or the scheme's own if the URL names none; `nil` for a scheme that has none.
    package let port: Int?
    /// All behind the host and port, from its `/` or `?`; a lone `/` is left out.
    package let path: String

    /// - Throws: `InvalidValue` if it is no such URL.
    package init(parsing text: String) throws(InvalidValue) {
        guard let separator = text.firstRange(of: "://") else {
            throw InvalidValue(hint: "a URL begins with a scheme and '://'")
        }
        guard text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else {
            throw InvalidValue(hint: "a URL has no spaces; write %20 for one")
        }
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let at = authority.lastIndex(of: "@")
        let user = at.map { authority[..<$0] }
        let (host, port) = try Self.hostAndPort(at.map { authority[authority.index(after: $0)...] } ?? authority)
        scheme = text[..<separator.lowerBound].lowercased()
        self.user = user.map { String($0.prefix { $0 != ":" }) }
        hasPassword = user?.contains(":") ?? false
        self.host = host
        self.port = port ?? Self.defaultPorts[scheme]
        path = String(rest[authority.endIndex...] == "/" ? "" : rest[authority.endIndex...])
    }

    private static let defaultPorts = [
        "rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "sftp": 22, "scp": 22, "ftp": 21, "ftps": 990,
    ]

    private static func hostAndPort(_ text: Substring) throws(InvalidValue) -> (host: String, port: Int?) {
        var host = text
        var port: Int?
        // A colon within brackets belongs to an IPv6 address.
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            let digits = text[text.index(after: colon)...]
            guard digits.utf8.allSatisfy(\.isDigit), let number = Int(digits), (1...65535).contains(number) else {
                throw InvalidValue(hint: "the port of a URL is a number from 1 to 65535")
            }
            host = text[..<colon]
            port = number
        }
        guard !host.isEmpty else { throw InvalidValue(hint: "the URL has no host") }
        return (host.lowercased(), port)
    }
}

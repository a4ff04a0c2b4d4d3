// SPDX-License-Identifier: Apache-2.0

extension Format<CameraName> {
    static let cameraName = Format(
        type: "name",
        limits: "1 … 63 characters",
        expected: "a name of a–z, 0–9 and '-' such as \"front-door\"",
        example: .example,
        text: \.description,
        parse: CameraName.init(parsing:)
    )
}

extension Format<ListenAddress> {
    static let address = Format(
        type: "address",
        limits: "host and port, 1 … 65535",
        expected: "an address such as \"0.0.0.0:8554\"",
        example: .port(8554),
        text: \.description,
        parse: ListenAddress.init(parsing:)
    )
}

extension Format<String> {
    /// Any text, the empty one too.
    static let text = text("text", expected: "a text in quotes", example: "") { (_) throws(InvalidValue) in }

    /// What may be a part of a file's name: it leads into no other directory and hides no file.
    static let fileName = text(
        "name",
        limits: "a–z, A–Z, 0–9, `.`, `_` and `-`",
        expected: "a name such as \"libcamera\"",
        example: "libcamera"
    ) { (text) throws(InvalidValue) in
        if !isFileName(text) { throw InvalidValue(hint: "it may have letters a–z, digits, '.', '_' and '-'") }
    }

    /// A name under `/sys/class/leds`, or none.
    static let led = text("name", expected: "a name such as \"ACT\"", example: "ACT") { (text) throws(InvalidValue) in
        if text.contains("/") || text.hasPrefix(".") { throw InvalidValue(hint: "it may have no '/'") }
    }

    /// The user of a camera.
    static let user = text("text", expected: "a user's name in quotes", example: "admin") {
        (text) throws(InvalidValue) in
        if text.isEmpty { throw InvalidValue(hint: "leave 'user' out if there is none") }
    }

    /// The same, or an empty text.
    var orEmpty: Format {
        let format = self
        return Format(
            type: "\(type) or `\"\"`",
            limits: limits,
            expected: expected,
            example: example,
            write: write,
            read: { node, mismatches in
                if case .string("") = node.value { return "" }
                return format.read(node, &mismatches)
            }
        )
    }

    /// The absolute path of a directory.
    static let directory = path(expected: "an absolute path such as \"/var/lib/martlet\"", isSecret: false)

    /// The absolute path of a file whose content is secret; who writes the secret itself in its place is not quoted.
    static let secretFile = path(expected: "the absolute path of a file that holds the secret", isSecret: true)

    /// The absolute path of a file.
    static let file = path(expected: "the absolute path of a file", isSecret: false)

    /// The SHA-256 of an SSH server's key, as `ssh-keygen -lf` prints it: what is kept is the Base64 alone.
    static let hostKey = Format(
        type: "host key",
        limits: "`sha256:` and 43 characters of Base64",
        expected: "a host key: sha256: and 43 characters of Base64",
        example: "sha256:" + String(repeating: "A", count: 43),
        text: { $0.hasPrefix("sha256:") ? $0 : "sha256:\($0)" },
        parse: { (text) throws(InvalidValue) in
            let digest = text.dropFirst("sha256:".count).prefix { $0 != "=" }
            let areDigits = digest.utf8.allSatisfy { $0.isDigit || $0.isLetter || $0 == 0x2B || $0 == 0x2F }
            guard text.lowercased().hasPrefix("sha256:"), digest.utf8.count == 43, areDigits else {
                throw InvalidValue(hint: "'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub' on the server prints one")
            }
            return String(digest)
        }
    )

    /// The SHA-256 of a certificate, in hexadecimal; colons between the digits are left out.
    static let fingerprint = Format(
        type: "fingerprint",
        limits: "`sha256:` and 64 hexadecimal digits",
        expected: "a fingerprint: sha256: and 64 hexadecimal digits",
        example: "sha256:" + String(repeating: "0", count: 64),
        text: \.self,
        parse: canonicalFingerprint
    )

    private static func canonicalFingerprint(_ text: String) throws(InvalidValue) -> String {
        let digits = text.dropFirst("sha256:".count).filter { $0 != ":" }.lowercased()
        let areDigits = digits.utf8.count == 64 && digits.utf8.allSatisfy { $0.isDigit || (0x61...0x66).contains($0) }
        guard text.hasPrefix("sha256:"), areDigits else { throw InvalidValue(hint: "'martlet fingerprint' prints one") }
        return "sha256:" + digits
    }

    /// A URL of one of the schemes, without a password.
    ///
    /// The first scheme and `host` make an example; `instead` says what to do with a password, or a user, that is not
    /// allowed.
    static func url(
        _ schemes: String...,
        host: String,
        allowsUser: Bool = false,
        instead: String
    ) -> Format {
        let expected = "a URL such as \"\(schemes[0])://\(host)\""
        return text(
            "URL",
            limits: schemes.map { "`\($0)`" }.joined(separator: ", "),
            expected: expected,
            example: "\(schemes[0])://\(host)"
        ) { (text) throws(InvalidValue) in
            let address = try ResourceAddress(parsing: text)
            if address.hasPassword { throw InvalidValue(hint: "a URL must not hold a password: \(instead)") }
            if address.user != nil, !allowsUser { throw InvalidValue(hint: "a URL must not hold a user: \(instead)") }
            guard !schemes.contains(address.scheme) else { return }
            throw InvalidValue(hint: "its scheme must be \(schemes.joined(separator: " or "))")
        }
    }

    private static func path(expected: String, isSecret: Bool) -> Format {
        text("path", limits: "absolute", expected: expected, example: "/var/lib/martlet", isSecret: isSecret) {
            (text) throws(InvalidValue) in
            if !text.hasPrefix("/") { throw InvalidValue(hint: "an absolute path begins with '/'") }
            if text.split(separator: "/").contains("..") { throw InvalidValue(hint: "leave out the '..'") }
        }
    }

    /// A text that stays as it is, if `check` does not throw.
    private static func text(
        _ type: String,
        limits: String? = nil,
        expected: String,
        example: String,
        isSecret: Bool = false,
        check: @escaping @Sendable (String) throws(InvalidValue) -> Void
    ) -> Format {
        Format(
            type: type,
            limits: limits,
            expected: expected,
            example: example,
            isSecret: isSecret,
            text: \.self,
            parse: { (text) throws(InvalidValue) in
                try check(text)
                return text
            }
        )
    }

    private static func isFileName(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count) && !text.hasPrefix(".")
            && text.utf8.allSatisfy { $0.isDigit || $0.isLetter || [0x2D, 0x2E, 0x5F].contains($0) }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Passwords that somebody wrote into a configuration after all, and that messages must not carry into a log.
enum Secrets {
    /// Where there are secrets in a line of TOML or in one value, in order: the passwords of URLs, and what keys like
    /// `password` and `token` hold, unless it is a path.
    static func ranges(in text: [Character]) -> [Range<Int>] {
        let ranges = passwordsOfURLs(in: text) + values(in: text).filter { !text[$0].starts(with: "/") }
        return ranges.filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }
    }

    private static let words = ["password", "passwd", "passphrase", "pwd", "token", "secret"]

    /// Whether the name that ends before `index`, and perhaps before blanks or a quote, speaks of a secret.
    private static func isNameOfSecret(before index: Int, in text: [Character]) -> Bool {
        let reversed = text[..<index].reversed().drop { $0 == " " || $0 == "\t" || isQuote($0) }
        let name = reversed.prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        let lowercase = String(name.reversed()).lowercased()
        return words.contains { lowercase.contains($0) }
    }

    /// `secret` in `rtsp://admin:secret@camera/` and in `rtsp://camera/?password=secret&channel=1`.
    private static func passwordsOfURLs(in text: [Character]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for slash in text.indices.dropFirst(2) where text[(slash - 2)...slash].elementsEqual("://") {
            let end = text[slash...].firstIndex { $0.isWhitespace || isQuote($0) } ?? text.count
            let url = text[(slash + 1)..<end]
            if let at = url.lastIndex(of: "@"), let colon = url[..<at].firstIndex(of: ":") {
                ranges.append((colon + 1)..<at)
            }
            for equals in url.indices where url[equals] == "=" && isNameOfSecret(before: equals, in: text) {
                let end = url[(equals + 1)...].firstIndex { "&#@".contains($0) } ?? end
                ranges.append((equals + 1)..<end)
            }
        }
        return ranges
    }

    /// `secret` in `password = "secret"`; a quote that nothing closes goes on to the end.
    private static func values(in text: [Character]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for equals in text.indices where text[equals] == "=" && isNameOfSecret(before: equals, in: text) {
            guard let open = text[(equals + 1)...].firstIndex(where: { !$0.isWhitespace }), isQuote(text[open]) else {
                continue
            }
            let close = text[(open + 1)...].firstIndex(of: text[open]) ?? text.count
            ranges.append((open + 1)..<close)
        }
        return ranges
    }

    private static func isQuote(_ character: Character) -> Bool {
        character == "\"" || character == "'"
    }
}

// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Access

@Suite("Passwords", .timeLimit(.minutes(2)))
struct PasswordTests {
    /// What a test can bear.
    private static let quick = PasswordHash.Parameters(operations: 1, memory: 8 << 10)

    @Test("a hash knows its password, and no other")
    func hash() throws {
        let hash = try PasswordHash(of: "correct horse", Self.quick)
        #expect(hash.text.hasPrefix("$argon2id$"))
        #expect(hash.matches("correct horse"))
        #expect(!hash.matches("correct horsf") && !hash.matches(""))
        #expect(try PasswordHash(of: "correct horse", Self.quick) != hash)
        #expect(hash.isOutdated() && !hash.isOutdated(Self.quick))
    }

    @Test(
        "what was hashed elsewhere, or by nobody, is not right and not a crash",
        arguments: ["", "x", "$argon2id$v=19$"]
    )
    func nonsense(text: String) {
        #expect(!PasswordHash(text: text).matches("correct horse"))
        #expect(PasswordHash(text: text).isOutdated())
    }

    /// Password, whose, what is said of it.
    private static let refused: [(String, String, String)] = [
        ("short", "anna", "a password has at least 10 characters"),
        ("qwertyuiop", "anna", "everybody tries this password first: choose another"),
        ("PASSWORD123", "anna", "everybody tries this password first: choose another"),
        ("aaaaaaaaaaaa", "anna", "everybody tries this password first: choose another"),
        ("ababababab", "anna", "everybody tries this password first: choose another"),
        ("anna.smith@home", "anna.smith@home", "the password is the name: choose another"),
        (String(repeating: "xyz", count: 400), "anna", "a password has at most 1024 bytes"),
    ]

    @Test("what everybody tries, and what is short, is refused in words", arguments: refused.indices)
    func rules(row: Int) {
        let (password, user, objection) = Self.refused[row]
        #expect(PasswordRules.objection(to: password, of: user) == objection)
    }

    @Test("anything else is taken", arguments: ["correct horse", "zwölf Boxkämpfer", "1234567890x", "🐦🐦🐤🐤🐥🐥🐔🐔🦆🦆"])
    func allowed(password: String) {
        #expect(PasswordRules.objection(to: password, of: "anna") == nil)
    }

    @Test("answers a Digest challenge as RFC 2069 has it")
    func digest() {
        // As `md5sum` computes them.
        let secret = DigestSecret(user: "anna", password: "correct horse")
        #expect(secret.text == "f1d22601a0dfe990d6dbb7ecfc039a7e")
        let response = secret.response(method: "DESCRIBE", uri: "rtsp://store:8554/till", nonce: "0123")
        #expect(response == "7f7396ea6232982b1dea914184700dcf")
    }
}

// SPDX-License-Identifier: Apache-2.0

/// What a password must be: long, and not one that everybody tries; nothing else (NIST SP 800-63B, 5.1.1.2).
package enum PasswordRules {
    /// In characters.
    package static let leastLength = 10
    /// In bytes of UTF-8: more is somebody else's file.
    package static let mostBytes = 1024

    /// Why a password is refused, in words for its owner; `nil` if it is not.
    package static func objection(to password: String, of user: String) -> String? {
        if password.count < leastLength { return "a password has at least \(leastLength) characters" }
        if password.utf8.count > mostBytes { return "a password has at most \(mostBytes) bytes" }
        let lower = password.lowercased()
        if common.contains(lower) || Set(lower).count < 3 {
            return "everybody tries this password first: choose another"
        }
        if lower == user.lowercased() { return "the password is the name: choose another" }
        return nil
    }

    /// Those of ten characters and more among the commonest of published leaks.
    private static let common: Set<String> = [
        "0123456789", "1234567890", "9876543210", "0987654321", "12345678910", "123456789a", "1234567891",
        "12345678900",
        "123123123123", "1q2w3e4r5t", "1q2w3e4r5t6y", "1qaz2wsx3edc", "1qazxsw23edc", "q1w2e3r4t5", "q1w2e3r4t5y6",
        "qwertyuiop", "qwertyuiop123", "qwerty12345", "qwerty123456", "qwerty1234", "1234qwerty", "12345qwert",
        "asdfghjkl123", "asdfghjkl1", "asdfghjkl;", "zxcvbnm123", "zaq12wsxcde3", "azertyuiop", "password12",
        "password123",
        "password1234", "password12345", "password01", "passw0rd123", "p@ssw0rd123", "p@ssword123", "password!1",
        "mypassword", "mypassword1", "changeme123", "changeme1234", "letmein123", "letmein1234", "welcome123",
        "welcome1234",
        "welcome2024", "welcome2025", "welcome2026", "administrator", "admin12345", "admin123456", "admin123123",
        "adminadmin",
        "adminadmin1", "rootroot12", "raspberry1", "raspberry12", "raspberry123", "raspberrypi", "raspberrypi4",
        "iloveyou12",
        "iloveyou123", "iloveyou1234", "ilovejesus", "sunshine12", "sunshine123", "princess12", "princess123",
        "football12",
        "football123", "baseball12", "baseball123", "superman12", "superman123", "dragon1234", "monkey1234",
        "charlie123",
        "michael123", "jennifer12", "jordan2323", "trustno1trustno1", "starwars123", "whatever12", "whatever123",
        "computer12",
        "computer123", "internet123", "samsung123", "liverpool1", "liverpool123", "manchester", "manchester1",
        "chelsea123",
        "arsenal123", "barcelona1", "realmadrid", "realmadrid1", "abcdefghij", "abcdefghijk", "abcd123456",
        "abc1234567",
        "abc123abc123", "a123456789", "aa12345678", "aa123456789", "asd1234567", "qaz123456789", "q123456789",
        "z123456789",
        "camera1234", "camera12345", "surveillance", "security123", "hikvision1", "hikvision123", "hikvision12345",
        "dahua12345", "motioneye1", "frigate123", "martlet123", "martlet1234", "1029384756", "147258369a", "1472583690",
        "789456123a", "7894561230", "159357456852", "741852963a", "0000000000", "1111111111", "1212121212",
        "1313131313",
        "6969696969", "1122334455", "11223344556677", "1223334444", "5555555555", "9999999999", "101010101010",
    ]
}

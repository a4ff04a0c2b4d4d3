// SPDX-License-Identifier: Apache-2.0

extension UInt8 {
    /// Whether this is one of the digits 0 to 9 in ASCII.
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// Whether this is a letter of ASCII, small or capital.
    var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}

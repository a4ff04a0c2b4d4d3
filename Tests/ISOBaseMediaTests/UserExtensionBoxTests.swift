// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import ISOBaseMedia

@Suite("User extension box")
struct UserExtensionBoxTests {
    private static let type = UserExtensionBox.ExtendedType(high: 0x0123_4567_89AB_CDEF, low: 42)
    private static let other = UserExtensionBox.ExtendedType(high: 0x0123_4567_89AB_CDEF, low: 43)
    private static let file = box("ftyp", Array("mp42".utf8)) + box("mdat", [1, 2, 3]) + box("moov")

    @Test("what is written is found behind a file's other boxes")
    func found() throws {
        let ours = try #require(UserExtensionBox(type: Self.type, content: [7, 8, 9]))
        let theirs = try #require(UserExtensionBox(type: Self.other, content: []))
        let file = Self.file + theirs.box + ours.box + box("free")
        #expect(try UserExtensionBox(Self.type, in: file) == ours)
        #expect(try UserExtensionBox(Self.other, in: file) == theirs)
        #expect(try UserExtensionBox(Self.type, in: Self.file) == nil)
        #expect(ours.box.count == 27)
    }

    @Test("one that is cut off, or too long, is not there")
    func none() throws {
        let ours = try #require(UserExtensionBox(type: Self.type, content: [7, 8, 9]))
        for count in 0..<ours.box.count {
            #expect(try UserExtensionBox(Self.type, in: Self.file + ours.box.prefix(count)) == nil)
        }
        let longest = [UInt8](repeating: 1, count: UserExtensionBox.maximumContent)
        #expect(UserExtensionBox(type: Self.type, content: longest + [1]) == nil)
        let fits = try #require(UserExtensionBox(type: Self.type, content: longest))
        #expect(try UserExtensionBox(Self.type, in: Self.file + fits.box)?.content == longest)
        let tooLong = box("uuid", Array(fits.box.dropFirst(8)) + [1])
        #expect(try UserExtensionBox(Self.type, in: Self.file + tooLong) == nil)
        #expect(throws: ReadError<Never>.self) {
            _ = try UserExtensionBox(Self.type, in: Self.file + box("uuid", [1]))
        }
    }

    @Test("it is not looked for among the many boxes of a file that is none of ours")
    func many() throws {
        let ours = try #require(UserExtensionBox(type: Self.type, content: []))
        let meter = Meter([[UInt8]](repeating: box("free"), count: 5000).joined() + ours.box)
        #expect(try UserExtensionBox(Self.type, in: meter) == nil)
        #expect(meter.bytes < 1024)
    }
}

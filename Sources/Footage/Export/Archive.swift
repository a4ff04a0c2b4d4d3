// SPDX-License-Identifier: Apache-2.0
internal import CCrypto
internal import CZlib
internal import Glibc

/// Clips of several cameras as one ZIP archive (PKWARE APPNOTE 6.3.4), made while it is read: stored, since video does not
/// become smaller, and with ZIP64's numbers where one needs them.
///
/// How long it is is known before. Checksums follow their files; the text with the digests comes last.
package struct Archive: PartSource {
    /// A file of the archive.
    package struct Entry: Sendable {
        package let name: String
        /// Of its first frame.
        package let time: UTCTime
        package let plan: ClipPlan

        package init(name: String, time: UTCTime, plan: ClipPlan) {
            (self.name, self.time, self.plan) = (name, time, plan)
        }
    }

    fileprivate struct Written {
        let name: [UInt8]
        let time: UTCTime
        let offset: UInt64
        var size: UInt64 = 0
        var checksum: UInt32 = 0

        /// Whether ZIP's own 32 bits are too few.
        var isLarge: Bool { size >= UInt64(UInt32.max) }
        var isFar: Bool { offset >= UInt64(UInt32.max) }
    }

    /// The text's name.
    package static let textName = "README.txt"
    private static let digestLength = 64

    private let entries: [Entry]
    private let text: @Sendable ([String]) -> String
    private let textTime: UTCTime
    /// The whole archive, in bytes.
    package let byteCount: Int

    private var reader: ClipReader?
    private var digest = Digest()
    private var digests: [String] = []
    private var written: [Written] = []
    private var offset: UInt64 = 0
    private var isOver = false

    /// `text` is given the SHA-256 of each file in hexadecimal, in their order, and is as long whatever they are.
    package init(_ entries: [Entry], at time: UTCTime, text: @escaping @Sendable ([String]) -> String) {
        (self.entries, self.text, textTime) = (entries, text, time)
        let unknown = text(entries.map { _ in String(repeating: "0", count: Self.digestLength) })
        var sizes = entries.map { (Array($0.name.utf8), UInt64($0.plan.byteCount)) }
        sizes.append((Array(Self.textName.utf8), UInt64(unknown.utf8.count)))
        var files: [Written] = []
        var length = 0
        for (name, size) in sizes {
            let file = Written(name: name, time: time, offset: UInt64(length), size: size)
            files.append(file)
            length += Self.header(of: file).count + Int(size) + Self.descriptor(of: file).count
        }
        byteCount = length + Self.directory(of: files, at: UInt64(length)).count
    }

    package mutating func next() throws -> [UInt8]? {
        if isOver { return nil }
        let part = try nextPart()
        offset += UInt64(part.count)
        return part
    }

    private mutating func nextPart() throws -> [UInt8] {
        if reader != nil, let bytes = try reader?.next() {
            written[written.count - 1].add(bytes)
            digest.add(bytes)
            return bytes
        }
        if reader != nil {
            reader = nil
            digests.append(digest.finish())
            return Self.descriptor(of: written[written.count - 1])
        }
        if written.count < entries.count {
            let entry = entries[written.count]
            var file = Written(name: Array(entry.name.utf8), time: entry.time, offset: offset)
            file.size = UInt64(entry.plan.byteCount)
            written.append(file)
            (reader, digest) = (ClipReader(entry.plan), Digest())
            return Self.header(of: file)
        }
        isOver = true
        var file = Written(name: Array(Self.textName.utf8), time: textTime, offset: offset)
        let bytes = Array(text(digests).utf8)
        file.size = UInt64(bytes.count)
        file.add(bytes)
        written.append(file)
        let last = Self.header(of: file) + bytes + Self.descriptor(of: file)
        return last + Self.directory(of: written, at: offset + UInt64(last.count))
    }

    // MARK: Records

    /// 4.3.7: the size is known, the checksum follows (bit 3); names are UTF-8 (bit 11).
    private static func header(of file: Written) -> [UInt8] {
        var record = Record(0x0403_4B50)
        record.put(UInt16(file.isLarge ? 45 : 20))
        record.put(Self.flags)
        record.put(UInt16(0))
        record.put(file.time)
        record.put(UInt32(0))
        record.put(size: file)
        record.put(UInt16(file.name.count))
        record.put(UInt16(file.isLarge ? 20 : 0))
        record.bytes += file.name
        if file.isLarge {
            record.put(UInt16(1))
            record.put(UInt16(16))
            record.put(file.size)
            record.put(file.size)
        }
        return record.bytes
    }

    private static let flags: UInt16 = 1 << 3 | 1 << 11

    /// 4.3.9: as wide as its file's header says.
    private static func descriptor(of file: Written) -> [UInt8] {
        var record = Record(0x0807_4B50)
        record.put(file.checksum)
        for _ in 0..<2 { if file.isLarge { record.put(file.size) } else { record.put(UInt32(file.size)) } }
        return record.bytes
    }

    /// 4.3.12 to 4.3.16.
    private static func directory(of files: [Written], at offset: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        for file in files {
            let extra = (file.isLarge ? 16 : 0) + (file.isFar ? 8 : 0)
            var record = Record(0x0201_4B50)
            // Made on Unix, where the file's rights are in the upper half of its attributes.
            record.put(UInt16(3 << 8 | 45))
            record.put(UInt16(extra > 0 ? 45 : 20))
            record.put(Self.flags)
            record.put(UInt16(0))
            record.put(file.time)
            record.put(file.checksum)
            record.put(size: file)
            record.put(UInt16(file.name.count))
            record.put(UInt16(extra > 0 ? extra + 4 : 0))
            for _ in 0..<3 { record.put(UInt16(0)) }
            record.put(UInt32(0o100644) << 16)
            record.put(file.isFar ? UInt32.max : UInt32(file.offset))
            record.bytes += file.name
            if extra > 0 {
                record.put(UInt16(1))
                record.put(UInt16(extra))
                if file.isLarge {
                    record.put(file.size)
                    record.put(file.size)
                }
                if file.isFar { record.put(file.offset) }
            }
            bytes += record.bytes
        }
        let size = UInt64(bytes.count)
        let isFar = offset >= UInt64(UInt32.max)
        if isFar {
            var record = Record(0x0606_4B50)
            record.put(UInt64(44))
            record.put(UInt16(3 << 8 | 45))
            record.put(UInt16(45))
            for number in [0, 0] as [UInt32] { record.put(number) }
            for number in [UInt64(files.count), UInt64(files.count), size, offset] { record.put(number) }
            bytes += record.bytes
            var locator = Record(0x0706_4B50)
            locator.put(UInt32(0))
            locator.put(offset + size)
            locator.put(UInt32(1))
            bytes += locator.bytes
        }
        var end = Record(0x0605_4B50)
        for number in [0, 0, UInt16(files.count), UInt16(files.count)] { end.put(number) }
        end.put(UInt32(size))
        end.put(isFar ? UInt32.max : UInt32(offset))
        end.put(UInt16(0))
        return bytes + end.bytes
    }

    /// Numbers as ZIP has them, the least significant byte first.
    private struct Record {
        var bytes: [UInt8] = []

        init(_ signature: UInt32) { put(signature) }

        mutating func put(_ number: some FixedWidthInteger) {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }

        /// Twice: stored is as large as it is.
        mutating func put(size file: Written) {
            for _ in 0..<2 { put(file.isLarge ? UInt32.max : UInt32(file.size)) }
        }

        /// 4.4.6: local time, in steps of two seconds.
        mutating func put(_ time: UTCTime) {
            var seconds = time_t(time.nanoseconds / 1_000_000_000)
            var calendar = tm()
            localtime_r(&seconds, &calendar)
            put(UInt16(calendar.tm_hour << 11 | calendar.tm_min << 5 | calendar.tm_sec / 2))
            let year = max(0, min(calendar.tm_year - 80, 127))
            put(UInt16(year << 9 | (calendar.tm_mon + 1) << 5 | calendar.tm_mday))
        }
    }

    /// SHA-256 of what comes part by part.
    private final class Digest: @unchecked Sendable {  // One reader has it, and asks for one part after another.
        private let context = EVP_MD_CTX_new()

        init() { EVP_DigestInit_ex(context, EVP_sha256(), nil) }

        deinit { EVP_MD_CTX_free(context) }

        func add(_ bytes: [UInt8]) { EVP_DigestUpdate(context, bytes, bytes.count) }

        func finish() -> String {
            var digest = [UInt8](repeating: 0, count: 32)
            EVP_DigestFinal_ex(context, &digest, nil)
            return digest.hexadecimal
        }
    }
}

extension Archive.Written {
    fileprivate mutating func add(_ bytes: [UInt8]) {
        checksum = UInt32(truncatingIfNeeded: crc32(uLong(checksum), bytes, uInt(bytes.count)))
    }
}

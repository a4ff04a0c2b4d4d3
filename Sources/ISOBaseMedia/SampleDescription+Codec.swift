// SPDX-License-Identifier: Apache-2.0

extension SampleDescription {
    /// The MIME type of the whole, with the first entry's codec as players want it named (RFC 6381; ISO/IEC 14496-15,
    /// Annex E); `nil` for one that is neither H.264 nor H.265.
    package var mimeType: String? { codecParameter.map { "video/mp4; codecs=\"\($0)\"" } }

    private var codecParameter: String? {
        switch codec {
        case "avc1", "avc3":
            // Version, profile, compatibility, level.
            guard let record = configuration("avcC"), record.count >= 4 else { return nil }
            return "\(codec)." + record[1...3].map(Self.hexadecimal).joined()
        case "hvc1", "hev1":
            guard let record = configuration("hvcC"), record.count >= 13 else { return nil }
            let space = ["", "A", "B", "C"][Int(record[1] >> 6)]
            let flags = record[2...5].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }.reversedBits
            let tier = record[1] & 0x20 == 0 ? "L" : "H"
            var constraints = Array(record[6...11])
            while constraints.last == 0 { constraints.removeLast() }
            let fields = constraints.map { String($0, radix: 16, uppercase: true) }
            let head =
                "\(codec).\(space)\(record[1] & 0x1F).\(String(flags, radix: 16, uppercase: true)).\(tier)\(record[12])"
            return ([head] + fields).joined(separator: ".")
        default: return nil
        }
    }

    private func configuration(_ type: FourCC) -> [UInt8]? {
        guard let entry = entries.first, let box = Self.boxes(in: entry).first(where: { $0.type == type }) else {
            return nil
        }
        return Array(entry[box.range.dropFirst(8)])
    }

    /// The entries as they are in every file of one encoder's: without the bitrate of this one's samples (`btrt`; 8.5.2.2).
    package var lastingEntries: [[UInt8]] {
        entries.map { entry in
            guard let bitrate = Self.boxes(in: entry).first(where: { $0.type == "btrt" })?.range else { return entry }
            var entry = entry
            entry.removeSubrange(bitrate)
            withUnsafeBytes(of: UInt32(truncatingIfNeeded: entry.count).bigEndian) {
                entry.replaceSubrange(0..<4, with: $0)
            }
            return entry
        }
    }

    /// The boxes that a visual sample entry holds behind its own 86 bytes (12.1.3), header and all.
    private static func boxes(in entry: [UInt8]) -> [(type: FourCC, range: Range<Int>)] {
        var found: [(FourCC, Range<Int>)] = []
        var place = 86
        while place + 8 <= entry.count {
            let header = entry[place..<place + 8]
            let size = Int(header.prefix(4).reduce(0 as UInt32) { $0 << 8 | UInt32($1) })
            guard size >= 8, place + size <= entry.count else { break }
            found.append((FourCC(rawValue: header.suffix(4).reduce(0) { $0 << 8 | UInt32($1) }), place..<place + size))
            place += size
        }
        return found
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
    }
}

extension UInt32 {
    fileprivate var reversedBits: UInt32 { (0..<32).reduce(0) { $0 | (self >> $1 & 1) << (31 - $1) } }
}

// SPDX-License-Identifier: Apache-2.0
internal import ISOBaseMedia

/// Finds the place in a torn chunk at which the disk had an index already, and not yet all that it describes.
///
/// Pages that were not written read as zeros. No encoded picture has many zeros in a row: H.264 and H.265 break up any
/// three of them (ISO/IEC 14496-10, 7.4.1; 23008-2, 7.4.2), so that with a length in front there are never more than six.
/// And a sample is NAL units with their lengths, one behind the other, to its very end (14496-15, 5.3.4): where a part of
/// the index is missing, its samples are not.
struct MediaCheck {
    /// So many zeros in a row are none of the encoder's, whatever liberties it takes.
    private static let limit = 16
    /// What lies further back was synced long ago: it was written a second before the end, or a busy disk's few.
    private static let reach: UInt64 = 64 << 20
    /// No picture is larger.
    private static let largestSample: UInt32 = 64 << 20

    private let lengthSize: Int
    private var zeros = 0

    /// How many samples, from the first, are whole.
    static func wholeSamples(of table: SampleTable, in file: RandomAccessFile) throws(FileError) -> Int {
        guard let lengthSize = lengthSize(in: table.sampleDescription) else { return 0 }
        var check = MediaCheck(lengthSize: lengthSize)
        let end = table.samples.last?.range.upperBound ?? 0
        var position: UInt64 = .max
        // The first sample that the zeros before the present one reach into.
        var first = 0
        for index in table.samples.indices {
            let sample = table.samples[index]
            guard sample.range.upperBound + reach >= end else { continue }
            guard sample.size <= largestSample else { return index }
            if sample.range.lowerBound != position { check.zeros = 0 }
            if check.zeros == 0 { first = index }
            let bytes = try file.read(sample.range)
            guard bytes.count == Int(sample.size), check.isTiled(bytes) else { return index }
            switch check.findZeros(in: bytes) {
            case .fromBefore: return first
            case .within: return index
            case .none: break
            }
            if check.zeros < bytes.count { first = index }
            position = sample.range.upperBound
        }
        return table.samples.count
    }

    private init(lengthSize: Int) { self.lengthSize = lengthSize }

    private enum Zeros { case none, fromBefore, within }

    private mutating func findZeros(in bytes: [UInt8]) -> Zeros {
        var isFromBefore = zeros > 0
        for byte in bytes {
            if byte != 0 {
                (zeros, isFromBefore) = (0, false)
                continue
            }
            zeros += 1
            if zeros >= Self.limit { return isFromBefore ? .fromBefore : .within }
        }
        return .none
    }

    /// Whether it is NAL units from its beginning to its end.
    private func isTiled(_ bytes: [UInt8]) -> Bool {
        var position = 0
        while position + lengthSize < bytes.count {
            let length = bytes[position..<position + lengthSize].reduce(0) { $0 << 8 | Int($1) }
            guard length > 0 else { return false }
            position += lengthSize + length
        }
        return position == bytes.count && position > 0
    }

    /// How many bytes a NAL unit's length has, as the decoder's configuration says (`avcC`, `hvcC`); `nil` if that itself
    /// did not reach the disk.
    private static func lengthSize(in description: [UInt8]) -> Int? {
        for (type, place) in [("avcC", 4), ("hvcC", 21)] {
            let name = Array(type.utf8)
            guard let start = description.indices.first(where: { description[$0...].starts(with: name) }) else {
                continue
            }
            let record = description[(start + 4)...]
            guard record.count > place, record.first == 1 else { return nil }
            var longest = 0
            var run = 0
            for byte in record {
                run = byte == 0 ? run + 1 : 0
                longest = max(longest, run)
            }
            return longest < limit ? Int(record[record.startIndex + place] & 3) + 1 : nil
        }
        return nil
    }
}

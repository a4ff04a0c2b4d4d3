// SPDX-License-Identifier: Apache-2.0
internal import ISOBaseMedia

/// Finds the place in a torn chunk at which the disk had an index already, and not yet all the media that it describes.
///
/// Pages that were not written read as zeros. No encoded picture has many zeros in a row: H.264 and H.265 break up any
/// three of them (ISO/IEC 14496-10, 7.4.1; 23008-2, 7.4.2), so that with a length in front there are never more than six.
enum MediaCheck {
    /// So many zeros in a row are none of the encoder's, whatever liberties it takes.
    private static let limit = 16
    /// What lies further back was synced long ago: it was written a second before the end, or a busy disk's few.
    private static let reach: UInt64 = 64 << 20
    private static let blockSize: UInt64 = 1 << 20

    /// How many samples, from the first, are whole.
    static func wholeSamples(of table: SampleTable, in file: RandomAccessFile) throws(FileError) -> Int {
        let end = table.samples.last?.range.upperBound ?? 0
        var index = table.samples.firstIndex { $0.range.upperBound + reach >= end } ?? 0
        var zeros = 0
        // The first sample that the present zeros reach into.
        var first = index
        var position: UInt64 = .max
        while index < table.samples.count {
            let range = table.samples[index].range
            if range.lowerBound != position { zeros = 0 }
            position = range.lowerBound
            while position < range.upperBound {
                for byte in try file.read(position..<min(range.upperBound, position + blockSize)) {
                    if byte != 0 {
                        zeros = 0
                        continue
                    }
                    if zeros == 0 { first = index }
                    zeros += 1
                    if zeros >= limit { return first }
                }
                position = min(range.upperBound, position + blockSize)
            }
            index += 1
        }
        return table.samples.count
    }
}

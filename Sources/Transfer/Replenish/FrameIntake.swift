// SPDX-License-Identifier: Apache-2.0
internal import ISOBaseMedia

/// Takes frames out of a part of a file as it comes.
struct FrameIntake {
    private let table: SampleTable
    private var bytes: [UInt8] = []
    /// Where in the file the first of `bytes` lies.
    private var position: UInt64 = 0

    /// Of the samples of a table, which lie in the file in their order.
    init(_ table: SampleTable) { self.table = table }

    /// What comes next lies there.
    mutating func begin(at offset: UInt64) { (bytes, position) = ([], offset) }

    mutating func take(_ more: [UInt8]) { bytes += more }

    /// The bytes of each of some samples, once all have come; what lies before them is let go.
    mutating func frames(of samples: Range<Int>) -> [[UInt8]]? {
        guard let last = samples.last, position + UInt64(bytes.count) >= table.samples[last].range.upperBound else {
            return nil
        }
        let frames = samples.compactMap { number -> [UInt8]? in
            let range = table.samples[number].range
            guard range.lowerBound >= position else { return nil }
            return Array(bytes[Int(range.lowerBound - position)..<Int(range.upperBound - position)])
        }
        guard frames.count == samples.count else { return nil }
        let end = table.samples[last].range.upperBound
        bytes.removeFirst(Int(end - position))
        position = end
        return frames
    }
}

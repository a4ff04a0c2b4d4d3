// SPDX-License-Identifier: Apache-2.0
internal import Glibc
package import ISOBaseMedia

/// How much moves in footage, second by second, as its encoder has said it already.
///
/// A frame that is predicted from the one before is as large as what has changed between them; nothing is decoded. An
/// encoder that is to fill a constant bit rate spends it on a still picture as well: of such a camera it says little.
package enum Movement {
    /// Of this many steps is a doubling of the frames' sizes.
    package static let stepsPerDoubling = 12.0

    /// One value a second of a file, from its beginning: 12 × log₂ of the mean size in bytes of its predicted frames,
    /// rounded, from 1 to 255; 0 where there are none.
    package static func values(of table: SampleTable) -> [UInt8] {
        var sums: [(bytes: Int, frames: Int)] = []
        for (number, sample) in table.samples.enumerated() where !sample.isSync {
            let second = table.presentationTicks(of: number) / Int64(table.timescale)
            guard second >= 0, second < Chunk.longest.components.seconds else { continue }
            while sums.count <= second { sums.append((0, 0)) }
            sums[Int(second)].bytes += Int(sample.size)
            sums[Int(second)].frames += 1
        }
        return sums.map { sum in
            guard sum.bytes > 0 else { return 0 }
            return UInt8(min(max((stepsPerDoubling * log2(Double(sum.bytes) / Double(sum.frames))).rounded(), 1), 255))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Makes segments of a file's samples for players that take them piece by piece (ISO/IEC 14496-12, 8.8; W3C, "ISO BMFF
/// Byte Stream Format").
///
/// The file itself stays as it is: a segment is a head of its own, behind which its samples' bytes are copied.
package struct SegmentWriter: Sendable {
    private let table: SampleTable
    private let fragments: FragmentWriter

    package init(_ table: SampleTable) {
        self.table = table
        fragments = FragmentWriter(timescale: table.timescale, description: table.description, edit: table.edit)
    }

    /// The initialisation segment: what the samples are, and none of them.
    package var initialisation: [UInt8] { fragments.initialisation }

    /// What goes before the bytes of `samples`, which are places in ``SampleTable/samples``, in order, all of one
    /// description: a `moof` and the header of its `mdat`.
    ///
    /// Its times count from the beginning of the file's presentation. Between samples that are not neighbours the earlier
    /// one lasts until the later, and the last until the one at `lasting`, which may be the end. `number` counts the
    /// segments of a player. `start` is where the file's presentation begins among others, in units of the timescale.
    package func head(of samples: [Int], lasting: Int? = nil, number: UInt32 = 1, start: UInt64 = 0) -> [UInt8] {
        guard let last = samples.last else { return [] }
        var chosen = samples.map { table.samples[$0] }
        if let lasting, lasting > last {
            let before = table.samples[lasting - 1]
            let end = before.decodeTime + UInt64(before.duration)
            chosen[chosen.count - 1].duration = UInt32(clamping: end - table.samples[last].decodeTime)
        }
        for index in chosen.indices { chosen[index].decodeTime += start }
        return fragments.head(of: chosen, number: number)
    }
}

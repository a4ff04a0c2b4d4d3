// SPDX-License-Identifier: Apache-2.0

/// Lists the samples that an `stbl` describes (ISO/IEC 14496-12, 8.5 to 8.7).
///
/// Its boxes say for runs of samples what is the same for all of them; a few bytes can so claim any number of samples,
/// and no more are believed than ``maximum``.
struct SampleTableBox {
    /// A day and a half at 30 frames a second.
    static let maximum = 1 << 22

    let description: SampleDescription
    private(set) var samples: [MediaSample] = []

    init(_ content: BoxContent) throws(Malformed) {
        description = try SampleDescription(content.required("stsd"))
        try readSizes(content.required("stsz"))
        guard !samples.isEmpty else { return }
        try readTimes(content.required("stts"))
        if let offsets = try content.first("ctts") { try readCompositionOffsets(offsets) }
        try readSyncSamples(content.first("stss"))
        let small = try content.first("stco")
        let chunks = if let small { small } else { try content.required("co64") }
        try readPlaces(content.required("stsc"), readChunks(chunks))
    }

    /// 8.7.3.2: one size for all, or a table.
    private mutating func readSizes(_ box: BoxContent) throws(Malformed) {
        var box = box
        _ = try box.versionAndFlags()
        let common: UInt32 = try box.number()
        let count: Int
        if common == 0 {
            count = try box.entryCount(ofSize: 4)
        } else {
            count = Int(try box.number(as: UInt32.self))
        }
        guard count <= Self.maximum else { throw box.malformed("\(count) samples") }
        samples.reserveCapacity(count)
        for _ in 0..<count {
            let size = common == 0 ? try box.number(as: UInt32.self) : common
            samples.append(MediaSample(offset: 0, size: size, decodeTime: 0, duration: 0, isSync: false))
        }
    }

    /// 8.6.1.2.
    private mutating func readTimes(_ box: BoxContent) throws(Malformed) {
        var box = box
        var time: UInt64 = 0
        try forEachRun(of: &box) { (table, index, value) in
            table.samples[index].decodeTime = time
            table.samples[index].duration = value
            time += UInt64(value)
        }
    }

    /// 8.6.1.3: version 0 has no negative numbers, but is written with them.
    private mutating func readCompositionOffsets(_ box: BoxContent) throws(Malformed) {
        var box = box
        try forEachRun(of: &box) { (table, index, value) in
            table.samples[index].compositionOffset = Int32(bitPattern: value)
        }
    }

    /// Calls `body` with each sample and the value of its run.
    private mutating func forEachRun(
        of box: inout BoxContent,
        _ body: (inout SampleTableBox, Int, UInt32) -> Void
    ) throws(Malformed) {
        _ = try box.versionAndFlags()
        var index = 0
        for _ in 0..<(try box.entryCount(ofSize: 8)) {
            let count = Int(try box.number(as: UInt32.self))
            let value: UInt32 = try box.number()
            guard count <= samples.count - index else { throw box.malformed("for more samples than there are") }
            for sample in index..<index + count { body(&self, sample, value) }
            index += count
        }
        guard index == samples.count else { throw box.malformed("for \(index) of \(samples.count) samples") }
    }

    /// 8.6.2: without this box decoding can begin anywhere.
    private mutating func readSyncSamples(_ box: BoxContent?) throws(Malformed) {
        guard var box else {
            for index in samples.indices { samples[index].isSync = true }
            return
        }
        _ = try box.versionAndFlags()
        for _ in 0..<(try box.entryCount(ofSize: 4)) {
            let number = Int(try box.number(as: UInt32.self))
            guard samples.indices.contains(number - 1) else { throw box.malformed("there is no sample \(number)") }
            samples[number - 1].isSync = true
        }
    }

    /// 8.7.5.
    private func readChunks(_ box: BoxContent) throws(Malformed) -> [UInt64] {
        var box = box
        let isLarge = box.type == "co64"
        _ = try box.versionAndFlags()
        var offsets: [UInt64] = []
        for _ in 0..<(try box.entryCount(ofSize: isLarge ? 8 : 4)) {
            offsets.append(isLarge ? try box.number() : UInt64(try box.number(as: UInt32.self)))
        }
        return offsets
    }

    /// 8.7.4: how many samples are in each chunk, one behind the other.
    private mutating func readPlaces(_ box: BoxContent, _ chunks: [UInt64]) throws(Malformed) {
        var box = box
        _ = try box.versionAndFlags()
        var runs: [(chunk: Int, samples: Int, description: UInt16)] = []
        for _ in 0..<(try box.entryCount(ofSize: 12)) {
            let chunk = Int(try box.number(as: UInt32.self)) - 1
            let count = Int(try box.number(as: UInt32.self))
            let entry = Int(try box.number(as: UInt32.self)) - 1
            guard chunk > runs.last?.chunk ?? -1, runs.isEmpty ? chunk == 0 : true else {
                throw box.malformed("chunks out of order")
            }
            guard description.entries.indices.contains(entry), let entry = UInt16(exactly: entry) else {
                throw box.malformed("there is no such sample entry")
            }
            runs.append((chunk, count, entry))
        }
        var index = 0
        for (number, run) in runs.enumerated() {
            let next = number + 1 < runs.count ? runs[number + 1].chunk : chunks.count
            guard next <= chunks.count else { throw box.malformed("there is no such chunk") }
            for chunk in run.chunk..<max(next, run.chunk) {
                var offset = chunks[chunk]
                guard offset < 1 << 62 else { throw box.malformed("a chunk behind the end of any file") }
                for sample in index..<min(index + run.samples, samples.count) {
                    samples[sample].offset = offset
                    samples[sample].description = run.description
                    offset += UInt64(samples[sample].size)
                }
                index = min(index + run.samples, samples.count)
            }
        }
        guard index == samples.count else { throw box.malformed("for \(index) of \(samples.count) samples") }
    }
}

// SPDX-License-Identifier: Apache-2.0

extension MovieWriter {
    /// 8.4.3 and 12.1.2: it is video.
    func writeHandler(_ media: inout ByteWriter) {
        media.fullBox("hdlr") { box in
            box.number(UInt32(0))
            box.number(("vide" as FourCC).rawValue)
            box.zeros(12)
            box.append(Array("VideoHandler".utf8) + [0])
        }
    }

    /// 12.1.2 and 8.7.2: the media are in the file itself.
    func writeDataInformation(_ information: inout ByteWriter) {
        information.fullBox("vmhd", flags: 1) { $0.zeros(8) }
        information.box("dinf") { box in
            box.table("dref", [()]) { references, _ in references.fullBox("url ", flags: 1) { _ in } }
        }
    }

    /// 8.5 to 8.7: what the samples are, when they are, and where they are.
    func writeTable(_ table: inout ByteWriter, deltas: Runs<UInt32>) {
        table.table("stsd", entries) { $0.append($1) }
        table.table("stts", deltas.runs) { box, run in
            box.number(run.count)
            box.number(run.value)
        }
        if samples.contains(where: { $0.compositionOffset != 0 }) {
            var offsets = Runs<Int32>()
            for sample in samples { offsets.append(sample.compositionOffset) }
            // Version 0 has no negative numbers.
            table.table("ctts", version: offsets.runs.contains { $0.value < 0 } ? 1 : 0, offsets.runs) { box, run in
                box.number(run.count)
                box.number(run.value)
            }
        }
        let keyframes = samples.indices.filter { samples[$0].isSync }
        if keyframes.count < samples.count { table.table("stss", keyframes) { $0.number(UInt32($1 + 1)) } }
        writePlaces(&table)
    }

    /// 8.7.3 to 8.7.5: samples that lie one behind the other are a chunk.
    private func writePlaces(_ table: inout ByteWriter) {
        var chunks: [(offset: UInt64, samples: UInt32, description: UInt16)] = []
        var end: UInt64?
        for sample in samples {
            if sample.offset == end, let last = chunks.last, last.description == sample.description {
                chunks[chunks.count - 1].samples += 1
            } else {
                chunks.append((sample.offset, 1, sample.description))
            }
            end = sample.range.upperBound
        }
        let runs = chunks.indices.filter { index in
            index == 0 || chunks[index].samples != chunks[index - 1].samples
                || chunks[index].description != chunks[index - 1].description
        }
        table.table("stsc", runs) { box, index in
            box.number(UInt32(index + 1))
            box.number(chunks[index].samples)
            box.number(UInt32(chunks[index].description) + 1)
        }
        table.fullBox("stsz") { box in
            box.number(UInt32(0))
            box.number(UInt32(samples.count))
            for sample in samples { box.number(sample.size) }
        }
        let isLarge = chunks.contains { $0.offset > UInt32.max }
        table.table(isLarge ? "co64" : "stco", chunks) { $0.time($1.offset, isLarge: isLarge) }
    }
}

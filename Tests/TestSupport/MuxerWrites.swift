// SPDX-License-Identifier: Apache-2.0

/// A box of an ISO file: its size, its type of four characters, its content.
package func box(_ type: String, _ content: [UInt8] = []) -> [UInt8] {
    bigEndian(UInt32(8 + content.count)) + Array(type.utf8) + content
}

/// A number as ISO files store it.
package func bigEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
}

/// A `moov` that describes one video track, and nothing that a player would need beyond that.
package func movieBox(
    frames: UInt32,
    timescale: UInt32 = 90_000,
    duration: UInt64,
    isLarge: Bool = false,
    codec: String = "avc1",
    size: (width: UInt16, height: UInt16) = (1920, 1080),
    handler: String = "vide"
) -> [UInt8] {
    let times: [UInt8] =
        isLarge
        ? bigEndian(UInt32(1 << 24)) + bigEndian(UInt64(0)) + bigEndian(UInt64(0)) + bigEndian(timescale)
            + bigEndian(duration)
        : bigEndian(UInt32(0)) + bigEndian(UInt32(0)) + bigEndian(UInt32(0)) + bigEndian(timescale)
            + bigEndian(UInt32(duration))
    let entry =
        [UInt8](repeating: 0, count: 24) + bigEndian(size.width) + bigEndian(size.height)
        + [UInt8](repeating: 0, count: 50)
    let table =
        box("stsd", bigEndian(UInt32(0)) + bigEndian(UInt32(1)) + box(codec, entry))
        + box("stsz", bigEndian(UInt32(0)) + bigEndian(UInt32(0)) + bigEndian(frames))
    let media =
        box("mdhd", times + bigEndian(UInt32(0)))
        + box(
            "hdlr",
            bigEndian(UInt32(0)) + bigEndian(UInt32(0)) + Array(handler.utf8) + [UInt8](repeating: 0, count: 13)
        )
        + box("minf", box("stbl", table))
    return box("moov", box("mvhd", [UInt8](repeating: 0, count: 100)) + box("trak", box("mdia", media)))
}

/// What a muxer writes into a file, in its order.
package struct MuxerWrites: Sendable {
    package struct Write: Sendable {
        package let offset: UInt64
        package let bytes: [UInt8]
    }

    package private(set) var writes: [Write] = []
    /// The file as a plain disk would have it after all writes.
    package private(set) var file: [UInt8] = []
    /// Where each fragment's index ends, in order.
    package private(set) var indexEnds: [Int] = []
    /// How many writes there are before the muxer begins to finalise.
    package private(set) var writesBeforeEnd = 0

    package init() {}

    /// What mp4mux 1.22 writes as `first-moov-then-finalise`, byte for byte but for the indexes' contents: each fragment's
    /// `mdat` has no size until its data are there, its index follows; at the end the first index is broken, the first
    /// `mdat` is widened over everything, and one index is appended.
    package static func finalised(fragments: Int, dataSize: Int = 1000, using random: inout SeededRandom) -> MuxerWrites
    {
        var muxer = MuxerWrites()
        muxer.append(box("ftyp", Array("mp42isom".utf8)))
        let mediaStart = muxer.file.count
        var movieStart = 0
        for number in 0..<fragments {
            if number == 0 { muxer.append(box("free")) }
            let start = muxer.file.count
            muxer.append(bigEndian(UInt32(0)) + Array("mdat".utf8))
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                muxer.append(random.bytes(Int.random(in: 1...dataSize, using: &random)))
            }
            muxer.patch(start, bigEndian(UInt32(muxer.file.count - start)))
            if number == 0 { movieStart = muxer.file.count }
            muxer.append(number == 0 ? movieBox(frames: 0, duration: 0) : box("moof", random.bytes(100)))
            muxer.indexEnds.append(muxer.file.count)
        }
        muxer.writesBeforeEnd = muxer.writes.count
        muxer.patch(movieStart + 4, Array("free".utf8))
        muxer.patch(
            mediaStart,
            bigEndian(UInt32(1)) + Array("mdat".utf8) + bigEndian(UInt64(muxer.file.count - mediaStart))
        )
        muxer.append(movieBox(frames: UInt32(fragments * 30), duration: UInt64(fragments) * 90_000))
        return muxer
    }

    /// The same from a seed.
    package static func finalised(fragments: Int, dataSize: Int = 1000, seed: UInt64 = 1) -> MuxerWrites {
        var random = SeededRandom(seed: seed)
        return finalised(fragments: fragments, dataSize: dataSize, using: &random)
    }

    /// Writes behind what there is.
    package mutating func append(_ bytes: [UInt8]) {
        writes.append(Write(offset: UInt64(file.count), bytes: bytes))
        file += bytes
    }

    /// Goes back and writes over what there is.
    package mutating func patch(_ offset: Int, _ bytes: [UInt8]) {
        writes.append(Write(offset: UInt64(offset), bytes: bytes))
        file.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }

    /// The file after the first writes only.
    package func file(after count: Int) -> [UInt8] {
        writes.prefix(count).reduce(into: []) { file, write in
            let start = Int(write.offset)
            file.replaceSubrange(start..<min(file.count, start + write.bytes.count), with: write.bytes)
        }
    }
}

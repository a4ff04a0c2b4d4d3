// SPDX-License-Identifier: Apache-2.0

/// Bytes of a file that are being put together (ISO/IEC 14496-12, 4.2).
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    /// Appends a number, most significant byte first.
    mutating func number(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends a number of times: 64 bits in boxes of version 1, 32 bits in others.
    mutating func time(_ time: UInt64, isLarge: Bool) {
        if isLarge { number(time) } else { number(UInt32(truncatingIfNeeded: time)) }
    }

    mutating func zeros(_ count: Int) { bytes.append(contentsOf: repeatElement(0, count: count)) }

    mutating func append(_ more: [UInt8]) { bytes += more }

    /// Appends a box with what `content` appends to it.
    mutating func box(_ type: FourCC, _ content: (inout ByteWriter) -> Void) {
        let start = bytes.count
        number(UInt32(0))
        number(type.rawValue)
        content(&self)
        // An index of 4 GiB is none of ours: the number of samples is limited.
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: bytes.count - start).bigEndian) { size in
            bytes.replaceSubrange(start..<start + 4, with: size)
        }
    }

    /// The same with a version and flags.
    mutating func fullBox(
        _ type: FourCC,
        version: UInt8 = 0,
        flags: UInt32 = 0,
        _ content: (inout ByteWriter) -> Void
    ) {
        box(type) { box in
            box.number(UInt32(version) << 24 | flags)
            content(&box)
        }
    }

    /// Appends a box that is a table of entries.
    mutating func table<Entry>(
        _ type: FourCC,
        version: UInt8 = 0,
        _ entries: [Entry],
        _ write: (inout ByteWriter, Entry) -> Void
    ) {
        fullBox(type, version: version) { box in
            box.number(UInt32(entries.count))
            for entry in entries { write(&box, entry) }
        }
    }
}

/// Values, each with how often it comes in a row.
struct Runs<Value: Equatable & Sendable>: Sendable {
    private(set) var runs: [(count: UInt32, value: Value)] = []

    mutating func append(_ value: Value) {
        if let last = runs.last, last.value == value {
            runs[runs.count - 1].count += 1
        } else {
            runs.append((1, value))
        }
    }
}

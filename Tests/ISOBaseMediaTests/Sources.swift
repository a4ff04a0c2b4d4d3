// SPDX-License-Identifier: Apache-2.0
import ISOBaseMedia

/// A file of which only the beginning is written.
struct Prefix: ByteSource {
    let file: [UInt8]
    let count: Int

    func byteCount() -> UInt64 { UInt64(count) }

    func read(_ range: Range<UInt64>) -> [UInt8] {
        Array(file[min(Int(range.lowerBound), count)..<min(Int(range.upperBound), count)])
    }
}

/// A file with a beginning, an end, and zeros between them.
struct Sparse: ByteSource {
    var beginning: [UInt8]
    var end: [UInt8] = []
    var size: UInt64

    func byteCount() -> UInt64 { size }

    func read(_ range: Range<UInt64>) -> [UInt8] {
        (range.lowerBound..<min(range.upperBound, size)).map { offset in
            if offset < UInt64(beginning.count) { return beginning[Int(offset)] }
            let endStart = size - UInt64(end.count)
            return offset < endStart ? 0 : end[Int(offset - endStart)]
        }
    }
}

/// Counts what is read.
final class Meter: ByteSource {
    let file: [UInt8]
    private(set) var reads = 0
    private(set) var bytes = 0

    init(_ file: [UInt8]) { self.file = file }

    func byteCount() -> UInt64 { file.byteCount() }

    func read(_ range: Range<UInt64>) -> [UInt8] {
        reads += 1
        bytes += range.count
        return file.read(range)
    }
}

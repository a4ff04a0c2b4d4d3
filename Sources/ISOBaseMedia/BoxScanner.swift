// SPDX-License-Identifier: Apache-2.0

/// Follows a file's top-level boxes while it is being appended to.
///
/// mp4mux 1.22 writes `ftyp`, then for each fragment an `mdat` of unknown size, the samples, a patch that gives the `mdat`
/// its size, and only then the `moov` or `moof` that describes it. Later versions may write the index first. Either way
/// everything up to the end of an index box whose media is there can be played: ``playableEnd``.
package struct BoxScanner: Sendable {
    /// Offset behind the last index box (`moov`, `moof`) that is complete; 0 before the first.
    package private(set) var playableEnd: UInt64 = 0
    /// Offset behind the first index box: what a finalising muxer patches lies before it.
    package private(set) var firstIndexEnd: UInt64 = 0
    /// Where the last complete `moov` begins and ends.
    package private(set) var movie: Range<UInt64>?

    /// Bytes of all index boxes that are complete.
    package private(set) var indexBytes: UInt64 = 0

    private var end: UInt64 = 0
    private var header: [UInt8] = []
    private var boxStart: UInt64 = 0
    /// Where the present box ends; `.max` while its size is not known.
    private var boxEnd: UInt64 = 0
    private var type: FourCC = "free"

    package init() {}

    /// Takes the next bytes of the file.
    ///
    /// Returns whether an index box was completed by them.
    ///
    /// - Throws: ``BoxHeader/Malformed`` when what should be a box is none.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(BoxHeader.Malformed) -> Bool {
        var completed = false
        var index = 0
        while index < bytes.count {
            if end < boxEnd {
                let skipped = min(UInt64(bytes.count - index), boxEnd - end)
                index += Int(skipped)
                end += skipped
            } else {
                header.append(bytes[index])
                index += 1
                end += 1
                guard try beginBox() else { continue }
            }
            if end == boxEnd { completed = endBox() || completed }
        }
        return completed
    }

    /// The muxer went back and patched what it wrote: a media box of unknown size ends where the file ends now, whether
    /// it was given its size or, by a finalising muxer, swallowed by one that spans them all.
    package mutating func patched() {
        if boxEnd == .max { boxEnd = end }
    }

    private mutating func beginBox() throws(BoxHeader.Malformed) -> Bool {
        let parsed: BoxHeader
        do throws(BoxHeader.Malformed) {
            parsed = try header.withUnsafeBytes { bytes in
                Result { () throws(BoxHeader.Malformed) in try BoxHeader(bytes) }
            }.get()
        } catch {
            if case .incomplete = error { return false }
            throw error
        }
        boxStart = end - UInt64(header.count)
        boxEnd = .max
        if let size = parsed.size {
            let (sum, overflows) = boxStart.addingReportingOverflow(size)
            guard !overflows else { throw .impossibleSize(size) }
            boxEnd = sum
        }
        type = parsed.type
        header.removeAll(keepingCapacity: true)
        return true
    }

    private mutating func endBox() -> Bool {
        guard type == "moov" || type == "moof" else { return false }
        if type == "moov" { movie = boxStart..<end }
        if firstIndexEnd == 0 { firstIndexEnd = end }
        playableEnd = end
        indexBytes += end - boxStart
        return true
    }
}

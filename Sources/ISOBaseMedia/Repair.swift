// SPDX-License-Identifier: Apache-2.0

/// What turns a torn file into a plain one, where it lies (ISO/IEC 14496-12, 8.1.1 and 8.2.1).
///
/// The caller does this, in this order:
/// 1. cut the file to ``length``;
/// 2. append ``appended``: a `moov` that describes all there is, if the muxer had not appended one;
/// 3. sync;
/// 4. write ``patch`` over what is there: the header of one `mdat` that reaches to the new `moov`, so that the old one and
///    the fragments lie in it and are seen no more;
/// 5. sync.
///
/// Until the patch is written the file is the torn one still, since readers go by the first `moov`, and the same repair
/// can be made again. The patch lies within a disk's sector wherever mp4mux wrote the file: it is there or it is not.
package struct Repair: Equatable, Sendable {
    /// Where the file is to be cut.
    package let length: UInt64
    /// What is to be appended.
    package let appended: [UInt8]
    /// What is to be written over what is there, at last.
    package let patch: Patch

    /// Why a file cannot be repaired.
    package enum Refused: Error, Equatable {
        /// It needs none.
        case isFinished
        /// Nothing of it can be played.
        case noSamples
        /// No header can be written that would not destroy media.
        case noRoom
        /// A `moov` cannot say what the fragments do.
        case movie(MovieWriter.Refused)
    }

    /// Plans it.
    ///
    /// Of the tracks only the video is kept. The new `moov` is followed by `extra`, which is to be whole boxes.
    ///
    /// - Throws: ``Refused``.
    package init(_ table: SampleTable, created: Int64, appending extra: [UInt8] = []) throws(Refused) {
        guard !table.isFinished else { throw .isFinished }
        guard !table.samples.isEmpty else { throw .noSamples }
        length = table.playableEnd
        // What a finalising muxer had written needs nothing but the header.
        let mediaEnd = table.hiddenMovie?.lowerBound ?? table.playableEnd
        let patches = table.rooms.compactMap { $0.header(reaching: mediaEnd) }
        guard let patch = patches.first(where: \.isInOneSector) ?? patches.first else { throw .noRoom }
        self.patch = patch
        if table.hiddenMovie != nil {
            appended = extra
            return
        }
        do throws(MovieWriter.Refused) { appended = try MovieWriter(table, created: created).movie() + extra } catch {
            throw .movie(error)
        }
    }
}

/// Bytes to be written over others in a file.
package struct Patch: Equatable, Sendable {
    package let offset: UInt64
    package let bytes: [UInt8]

    package init(offset: UInt64, bytes: [UInt8]) {
        self.offset = offset
        self.bytes = bytes
    }

    /// Whether a disk writes it whole or not at all.
    var isInOneSector: Bool { offset / 512 == (offset + UInt64(bytes.count) - 1) / 512 }
}

/// Where a file has bytes that are no media and precede all of them that fragments have.
struct Room: Equatable, Sendable {
    let offset: UInt64
    let size: UInt64

    /// The first box behind the `ftyp`, or else the `moov`, which is needed no more.
    static func rooms(leading: [TopLevelBox], movie: TopLevelBox?) -> [Room] {
        let boxes = leading.drop { $0.type == "ftyp" }
        var rooms: [Room] = []
        if let first = boxes.first {
            switch first.type {
            case "mdat": rooms.append(Room(offset: first.range.lowerBound, size: UInt64(first.headerSize)))
            case "free", "skip", "wide":
                // mp4mux leaves these 8 bytes for a 64-bit size of the `mdat` behind them.
                let next = boxes.dropFirst().first.map { $0.type == "mdat" ? $0.headerSize : 0 } ?? 0
                rooms.append(
                    Room(
                        offset: first.range.lowerBound,
                        size: first.range.upperBound - first.range.lowerBound + UInt64(next)
                    )
                )
            default: break
            }
        }
        if let range = movie?.range {
            rooms.append(Room(offset: range.lowerBound, size: range.upperBound - range.lowerBound))
        }
        return rooms
    }

    /// The header of an `mdat` that begins here; `nil` if it has no room.
    func header(reaching end: UInt64) -> Patch? {
        let length = end - offset
        let isLarge = length > UInt32.max
        guard size >= (isLarge ? 16 : 8) else { return nil }
        return Patch(offset: offset, bytes: BoxHeader.mediaData(size: length, isLarge: isLarge))
    }
}

extension BoxHeader {
    /// The header of an `mdat` of so many bytes, header included (8.1.1).
    static func mediaData(size: UInt64, isLarge: Bool) -> [UInt8] {
        var writer = ByteWriter()
        writer.number(isLarge ? 1 : UInt32(truncatingIfNeeded: size))
        writer.number(("mdat" as FourCC).rawValue)
        if isLarge { writer.number(size) }
        return writer.bytes
    }
}

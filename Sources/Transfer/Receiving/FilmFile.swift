// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import ISOBaseMedia

/// What an MP4 that has come is; its boxes may say what they like.
struct FilmFile {
    enum Problem: Error, Equatable {
        /// A part of it is missing: it may still come.
        case incomplete(String)
        /// It will never be a chunk.
        case wrong(String)
    }

    let length: Duration
    /// What it says of itself, if it is one of ours.
    let metadata: ChunkMetadata?
    /// Where the film ends in the file.
    let end: UInt64
    /// Of the movie's header, seconds since 1904.
    let created: UInt64

    private static let mostBoxes = 4096

    /// - Throws: ``Problem``; ``FileError``.
    init(_ file: RandomAccessFile) throws {
        let size = try file.byteCount()
        var (offset, lastBox): (UInt64, (type: String, start: UInt64)) = (0, ("", 0))
        var movie: Range<UInt64>?
        var boxes = 0
        while offset < size {
            let header = try file.read(offset..<offset + 16)
            guard header.count >= 8 else { throw Problem.incomplete("it ends within a box") }
            var length = Self.number(header[0..<4])
            if length == 1, header.count == 16 { length = Self.number(header[8..<16]) }
            let type = String(decoding: header[4..<8], as: UTF8.self)
            guard length >= 8, header[4..<8].allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw length == 0 ? Problem.wrong("it was never finished") : Problem.wrong("it is no MP4")
            }
            if boxes == 0, type != "ftyp" { throw Problem.wrong("it is no MP4") }
            guard length <= size - offset else { throw Problem.incomplete("it ends within a box") }
            if type == "moov" { movie = offset..<offset + length }
            lastBox = (type, offset)
            offset += length
            boxes += 1
            guard boxes <= Self.mostBoxes else { throw Problem.wrong("it has thousands of parts: a fragmented MP4") }
        }
        guard let movie else { throw Problem.incomplete("it has no index (moov)") }
        let table: SampleTable
        do throws(ReadError<FileError>) { table = try SampleTable(file) } catch {
            switch error {
            case .source(let failure): throw failure
            case .malformed, .noMovie: throw Problem.wrong("it cannot be understood: \(error)")
            }
        }
        guard table.isFinished else { throw Problem.wrong("it is a fragmented MP4") }
        guard ["avc1", "avc3", "hvc1", "hev1"].contains(table.codec) else {
            throw Problem.wrong("its video is neither H.264 nor H.265")
        }
        guard !table.keyframes.isEmpty, table.length > .zero else { throw Problem.wrong("there is no picture in it") }
        guard table.length < Chunk.longest else { throw Problem.wrong("it is longer than two hours") }
        length = table.length
        metadata = try ChunkMetadata.read(from: file)
        end = metadata != nil && lastBox.type == "uuid" ? lastBox.start : size
        created = try Self.created(file, movie)
    }

    /// `mvhd` (ISO/IEC 14496-12, 8.2.2) is the first box of a `moov` wherever it was seen; 0 if it is not.
    private static func created(_ file: RandomAccessFile, _ movie: Range<UInt64>) throws(FileError) -> UInt64 {
        let bytes = try file.read(movie.lowerBound + 8..<min(movie.lowerBound + 32, movie.upperBound))
        guard bytes.count == 24, String(decoding: bytes[4..<8], as: UTF8.self) == "mvhd" else { return 0 }
        return bytes[8] == 1 ? number(bytes[12..<20]) : number(bytes[12..<16])
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

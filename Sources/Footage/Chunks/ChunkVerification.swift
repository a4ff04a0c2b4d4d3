// SPDX-License-Identifier: Apache-2.0
internal import ISOBaseMedia

/// Reads a chunk's file against what the index says of it.
package enum ChunkVerification {
    /// What is wrong with a chunk; empty if nothing is.
    ///
    /// The whole file is read once; `progress` is told the size of each part, and may throw to give up. Blocks.
    package static func problems(
        of chunk: Chunk,
        in directory: String,
        progress: (Int) throws -> Void = { _ in }
    ) throws -> [String] {
        let file: RandomAccessFile
        do throws(FileError) { file = try RandomAccessFile("\(directory)/\(chunk.path)") } catch {
            return ["\(error)"]
        }
        var problems: [String] = []
        do {
            let bytes = Int64(try file.byteCount())
            if bytes != chunk.bytes { problems.append("it has \(bytes) bytes; the index says \(chunk.bytes)") }
            let table = try SampleTable(file)
            if !table.isFinished { problems.append("its index box is not that of a finished file") }
            if table.frames != chunk.frames {
                problems.append("it has \(table.frames) frames; the index says \(chunk.frames)")
            }
            if let end = table.samples.map(\.range.upperBound).max(), end > UInt64(bytes) {
                problems.append("frames lie beyond its end")
            }
            if try ChunkMetadata.read(from: file) == nil { problems.append("it does not say what chunk it is") }
        } catch let error as ReadError<FileError> {
            problems.append("its boxes cannot be read: \(error)")
        }
        let digest = try FileDigest.sha256(of: file.path, progress: progress)
        if let expected = chunk.digest, digest != expected {
            problems.append("its SHA-256 is \(digest.hexadecimal); the index says \(expected.hexadecimal)")
        }
        return problems
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A file that is made under one name and gets its own when it is whole and durable.
struct NewFile {
    private let file: RandomAccessFile

    /// - Throws: ``FileError`` if there is a file of that name.
    init(_ path: String) throws(FileError) { file = try RandomAccessFile(creating: path) }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(FileError) { try file.write(bytes, at: offset) }

    /// Durable first, then its name, then the name durable; never over another file.
    func finish(as name: String) throws(FileError) {
        try file.sync()
        try Folder.rename(file.path, to: name)
    }
}

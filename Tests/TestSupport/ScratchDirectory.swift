// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Testing

/// A directory of its own for a test, removed with all that is in it when the test lets go of it.
package final class ScratchDirectory: Sendable {
    package let path: String

    /// `inMemory` where no disk is to be waited for.
    package init(inMemory: Bool = false) throws {
        let memory = "/dev/shm"
        let isThere = inMemory && FileManager.default.isWritableFile(atPath: memory)
        let parent = isThere ? memory : FileManager.default.temporaryDirectory.path
        path = "\(parent)/martlet-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
    }

    /// The path of a file or folder below it.
    package func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Makes a folder below it, and those above that.
    package func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: self(name), withIntermediateDirectories: true)
    }

    /// Writes a file, and makes the folder that it is in.
    package func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    package func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = URL(fileURLWithPath: self(name))
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
    }

    /// The files and folders below it, relative to it, in order.
    package var entries: [String] {
        get throws { try FileManager.default.subpathsOfDirectory(atPath: path).sorted() }
    }
}

/// The bytes of a file.
package func bytes(of path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

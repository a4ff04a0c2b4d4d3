// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials

/// The files of the repository that these tests are in.
enum Repository {
    static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    static func text(_ path: String) throws -> String {
        try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }

    /// The files below a folder, by their paths in the repository.
    static func files(below folder: String) throws -> [String] {
        guard exists(folder) else { return [] }
        let paths = try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)").map { "\(folder)/\($0)" }
        return paths.filter { path in
            var isDirectory = false
            let isThere = FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isDirectory)
            return isThere && !isDirectory && !path.contains("/__pycache__/")
        }
        .sorted()
    }
}

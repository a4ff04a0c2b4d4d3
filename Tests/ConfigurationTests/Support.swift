// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Configuration

extension Loaded {
    /// All diagnostics as a terminal shows them.
    var report: String { diagnostics.map(\.report).joined() }

    /// The first lines of all diagnostics.
    var messages: [String] { diagnostics.map(\.description) }
}

extension Configuration {
    /// A configuration that has what every role needs, with another one over it.
    static func minimal(and addition: String) -> Loaded {
        let minimal = """
            camera.name = "front-door"
            store = {}
            cameras.front-door.url = "rtsp://front-door.local:8554/front-door"
            """
        return read(
            SourceFile(path: "config.toml", bytes: Array(minimal.utf8)),
            dropIns: [SourceFile(path: "more.toml", order: 1, bytes: Array(addition.utf8))]
        )
    }

    /// The values, or an issue for each error.
    static func values(_ text: String) throws -> Configuration {
        let loaded = parse(text)
        return try #require(loaded.configuration, "\(loaded.report)")
    }
}

/// The text of a file of the repository.
func repositoryFile(_ path: String) throws -> String {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return String(decoding: try readFile("/\(root)/\(path)"), as: UTF8.self)
}

/// The example configuration with all that is commented out in it.
func completeExample() throws -> String {
    let lines = try repositoryFile("config.toml").split(separator: "\n", omittingEmptySubsequences: false)
    return lines.map { $0.hasPrefix("#") && $0.count > 1 && !$0.hasPrefix("# ") ? $0.dropFirst() : $0 }
        .joined(separator: "\n")
}

// SPDX-License-Identifier: Apache-2.0
internal import Footage

/// One chunk as it is shown, as a line or as JSON.
struct ListedChunk: Encodable, Sendable {
    static let header = ["camera", "start", "length", "size", "frames", "state", "file"]

    let chunk: Chunk
    let file: String

    init(_ chunk: Chunk, directory: String) {
        self.chunk = chunk
        file = "\(directory)/\(chunk.state == .open ? chunk.openPath : chunk.path)"
    }

    private var seconds: Double { chunk.duration / .seconds(1) }

    var columns: [String] {
        let megabytes = (chunk.bytes + 50_000) / 100_000
        // Where it came from, if not live.
        let traits = [chunk.origin == .card ? "card" : nil, chunk.isProtected ? "protected" : nil].compactMap { $0 }
        let state = ([chunk.state.rawValue] + traits).joined(separator: ", ")
        return [
            chunk.camera, chunk.start.local, chunk.duration.clock, "\(megabytes / 10).\(megabytes % 10) MB",
            String(chunk.frames), state, file,
        ]
    }

    private enum CodingKeys: String, CodingKey {
        case id, camera, run, sequence, start, length, size, allocated, frames, state, origin, protected, acknowledged,
            sha256, file
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(chunk.id, forKey: .id)
        try container.encode(chunk.camera, forKey: .camera)
        try container.encode(chunk.run, forKey: .run)
        try container.encode(chunk.sequence, forKey: .sequence)
        try container.encode(chunk.start.rfc3339, forKey: .start)
        try container.encode(seconds, forKey: .length)
        try container.encode(chunk.bytes, forKey: .size)
        try container.encode(chunk.allocated, forKey: .allocated)
        try container.encode(chunk.frames, forKey: .frames)
        try container.encode(chunk.state.rawValue, forKey: .state)
        try container.encode(chunk.origin.rawValue, forKey: .origin)
        try container.encode(chunk.isProtected, forKey: .protected)
        try container.encode(chunk.isAcknowledged, forKey: .acknowledged)
        try container.encode(chunk.digest?.hexadecimal, forKey: .sha256)
        try container.encode(file, forKey: .file)
    }
}

extension Duration {
    /// Minutes, seconds and milliseconds: `10:00.000`.
    var clock: String {
        let milliseconds = inNanoseconds / 1_000_000
        return "\(milliseconds / 60_000):" + "\(milliseconds / 1000 % 60)".leftPadded(to: 2, with: "0") + "."
            + "\(milliseconds % 1000)".leftPadded(to: 3, with: "0")
    }
}

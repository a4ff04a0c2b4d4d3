// SPDX-License-Identifier: Apache-2.0
internal import Footage

/// What is missing between chunks, as a line or as JSON.
struct ListedGap: Encodable, Sendable {
    let camera: String
    let span: Range<UTCTime>
    let reason: Gap.Reason?

    var columns: [String] {
        let length = span.upperBound - span.lowerBound
        return [camera, span.lowerBound.local, length.clock, "", "", "missing: \(reason?.rawValue ?? "unknown")", ""]
    }

    /// What is missing between the first and the last of one camera's chunks.
    static func between(_ chunks: [Chunk], of camera: String, in directory: String) async throws -> [ListedGap] {
        let finished = chunks.filter { $0.camera == camera }
        guard let first = finished.first, let last = finished.last, first.start < last.start else { return [] }
        let index = try ChunkIndex(path: ChunkStore.indexPath(in: directory), readOnly: true)
        return try await index.timeline(of: camera, in: first.start..<last.start).entries.compactMap { entry in
            guard case .missing(let reason) = entry.content else { return nil }
            return ListedGap(camera: camera, span: entry.span, reason: reason)
        }
    }

    private enum CodingKeys: String, CodingKey {
        case camera, start, length, reason
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(camera, forKey: .camera)
        try container.encode(span.lowerBound.rfc3339, forKey: .start)
        try container.encode((span.upperBound - span.lowerBound) / .seconds(1), forKey: .length)
        try container.encode(reason?.rawValue ?? "unknown", forKey: .reason)
    }
}

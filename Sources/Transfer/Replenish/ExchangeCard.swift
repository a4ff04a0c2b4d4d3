package import Footage
// SPDX-License-Identifier: Apache-2.0
internal import FoundationEssentials
package import GLib
package import Media

/// The card of a camera that this store cannot reach: the camera comes for each question.
@MainLoop package final class ExchangeCard: Card {
    private let exchange: CardExchange
    private let camera: String
    /// At a time: an answer is in memory as a whole.
    private static let piece: UInt64 = 256 << 10

    package init(_ exchange: CardExchange, camera: String) { (self.exchange, self.camera) = (exchange, camera) }

    package func listing(after chunk: Int64, acknowledged: Bool) async throws -> CardListing {
        let path = HTTPCard.listingPath(camera, after: chunk, acknowledged: acknowledged)
        return try HTTPCard.decode(CardListing.self, from: try await ask(path))
    }

    package func index(of chunk: Int64) async throws -> (index: [UInt8], bytes: UInt64)? {
        let index = try await ask("/chunks/\(chunk)/index.mp4")
        // Of the file's size the index says enough: where its last frame ends.
        return index.isEmpty ? nil : (index, .max >> 2)
    }

    package func hashes(of chunk: Int64, frames: Range<Int>) async throws -> [String] {
        let bytes = try await ask("/chunks/\(chunk)/hashes?frames=\(frames.lowerBound)-\(frames.upperBound)")
        return try HTTPCard.decode(FrameHashes.self, from: bytes).sha256
    }

    package func read(
        _ range: Range<UInt64>,
        of chunk: Int64,
        _ part: @MainLoop ([UInt8]) async throws -> Void
    ) async throws {
        var next = range.lowerBound
        while next < range.upperBound {
            let end = min(next + Self.piece, range.upperBound)
            let bytes = try await ask("/chunks/\(chunk)/media", range: "bytes=\(next)-\(end - 1)")
            guard bytes.count == Int(end - next) else {
                throw CardFault("the camera brought \(bytes.count) bytes instead of \(end - next)")
            }
            try await part(bytes)
            next = end
        }
    }

    package func acknowledge(_ chunks: [Int64], on card: String, declined: Bool) async throws {
        let list = chunks.map(String.init).joined(separator: ",")
        let body = "{\"card\":\"\(card)\",\"chunks\":[\(list)],\"declined\":\(declined)}"
        _ = try await ask("/cameras/\(camera)/card/acknowledged", method: "POST", body: body)
    }

    private func ask(
        _ path: String,
        method: String = "GET",
        range: String? = nil,
        body: String? = nil
    ) async throws -> [UInt8] {
        let answer = try await exchange.ask(method, path, range: range, body: body)
        guard (200..<300).contains(answer.status) else {
            let detail = String(decoding: answer.body.prefix(500), as: UTF8.self)
            let words =
                "the camera answers \(answer.status) to \(path.prefix { $0 != "?" })\(detail.isEmpty ? "" : ": \(detail)")"
            if path.hasPrefix("/chunks/") { throw CardRefusal(words) }
            throw CardFault(words)
        }
        return answer.body
    }
}

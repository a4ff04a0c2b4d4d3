package import Footage
// SPDX-License-Identifier: Apache-2.0
internal import FoundationEssentials
package import GLib
internal import HTTP

/// A card that is asked over HTTP, with a device token of the camera.
@MainLoop package final class HTTPCard: Card {
    private let client: HTTPClient
    private let camera: String
    /// Read when it is needed: it may be replaced.
    private let token: @MainLoop () throws -> String?

    /// `server` is the URL of the camera's API, without a path.
    package init(
        server: String,
        camera: String,
        fingerprint: String?,
        token: @escaping @MainLoop () throws -> String?
    ) {
        client = HTTPClient(server: server, fingerprint: fingerprint)
        (self.camera, self.token) = (camera, token)
    }

    package func listing(after chunk: Int64, acknowledged: Bool) async throws -> CardListing {
        let path = Self.listingPath(camera, after: chunk, acknowledged: acknowledged)
        let answer = try await client.send(try request(path), limit: Self.listingLimit)
        return try Self.decode(CardListing.self, from: answer.body)
    }

    static func listingPath(_ camera: String, after chunk: Int64, acknowledged: Bool) -> String {
        "/cameras/\(camera)/card?after=\(chunk)\(acknowledged ? "&acknowledged=true" : "")"
    }

    package func index(of chunk: Int64) async throws -> (index: [UInt8], bytes: UInt64)? {
        let answer = try await ofChunk {
            try await client.send(try request("/chunks/\(chunk)/index.mp4"), limit: Self.indexLimit)
        }
        if answer.status == 204 { return nil }
        guard let bytes = answer.header("Martlet-Bytes").flatMap({ UInt64($0) }) else {
            throw CardFault("what answers is no Martlet camera that knows of cards: update it")
        }
        return (answer.body, bytes)
    }

    package func hashes(of chunk: Int64, frames: Range<Int>) async throws -> [String] {
        let path = "/chunks/\(chunk)/hashes?frames=\(frames.lowerBound)-\(frames.upperBound)"
        let answer = try await ofChunk { try await client.send(try request(path), limit: 100 * frames.count + 100) }
        return try Self.decode(FrameHashes.self, from: answer.body).sha256
    }

    package func read(
        _ range: Range<UInt64>,
        of chunk: Int64,
        _ part: @MainLoop ([UInt8]) async throws -> Void
    ) async throws {
        var request = try request("/chunks/\(chunk)/media")
        request.headers.append(("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
        var left = range.count
        let answer = try await ofChunk {
            try await client.stream(request) { bytes in
                left -= bytes.count
                guard left >= 0 else { throw CardFault("the camera sends more than it was asked for") }
                try await part(bytes)
            }
        }
        guard answer.status == 206, left == 0 else {
            throw CardFault("the camera ended \(left) bytes early (status \(answer.status))")
        }
    }

    package func acknowledge(_ chunks: [Int64], on card: String, declined: Bool) async throws {
        var request = try request("/cameras/\(camera)/card/acknowledged")
        request.method = "POST"
        let body = try JSONEncoder().encode(Acknowledgement(card: card, chunks: chunks, declined: declined))
        request.body = ("application/json", Array(body))
        _ = try await client.send(request, limit: 4096)
    }

    private struct Acknowledgement: Encodable {
        let card: String
        let chunks: [Int64]
        let declined: Bool
    }

    /// Of 200 chunks.
    private static let listingLimit = 1 << 20
    /// Of an hour at 120 frames a second.
    private static let indexLimit = 16 << 20

    /// An answer about one chunk that is no success is that chunk's alone.
    private func ofChunk(_ ask: () async throws -> HTTPClient.Answer) async throws -> HTTPClient.Answer {
        do { return try await ask() } catch let failure as HTTPClient.Failure {
            guard let status = failure.status, ![401, 403, 429].contains(status) else { throw failure }
            throw CardRefusal(failure.description)
        }
    }

    private func request(_ path: String) throws -> HTTPClient.Request {
        var request = HTTPClient.Request("/api/v1\(path)")
        if let token = try token() { request.headers.append(("Authorization", "Bearer \(token)")) }
        return request
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from body: [UInt8]) throws -> Value {
        do { return try JSONDecoder().decode(type, from: Data(body)) } catch {
            throw CardFault("the camera's answer cannot be understood: is it a Martlet camera of this version?")
        }
    }
}

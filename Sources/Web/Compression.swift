// SPDX-License-Identifier: Apache-2.0
internal import CZlib
internal import HTTP

/// What is sent smaller to those who take it so (RFC 9110, 8.4; RFC 1952).
enum Compression {
    /// Of less nothing is gained.
    static let smallest = 1024

    /// As gzip; `nil` if that is no smaller.
    ///
    /// With level 9 it takes longest, and becomes smallest.
    static func gzip(_ bytes: [UInt8], level: Int32) -> [UInt8]? {
        var stream = z_stream()
        // 16 more than the largest window: with gzip's header and trailer.
        let version = ZLIB_VERSION
        guard
            deflateInit2_(
                &stream,
                level,
                Z_DEFLATED,
                15 + 16,
                8,
                Z_DEFAULT_STRATEGY,
                version,
                Int32(MemoryLayout<z_stream>.size)
            ) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        var input = bytes
        return input.withUnsafeMutableBufferPointer { input -> [UInt8]? in
            stream.next_in = input.baseAddress
            stream.avail_in = uInt(input.count)
            var isWhole = false
            let output = [UInt8](unsafeUninitializedCapacity: bytes.count) { output, count in
                stream.next_out = output.baseAddress
                stream.avail_out = uInt(output.count)
                isWhole = deflate(&stream, Z_FINISH) == Z_STREAM_END
                count = output.count - Int(stream.avail_out)
            }
            return isWhole ? output : nil
        }
    }

    /// The same answer for whoever takes it smaller: text that is made as it is asked for.
    static func compressed(_ response: HTTPResponse, for request: HTTPRequest) -> HTTPResponse {
        guard case .bytes(let bytes) = response.body, bytes.count > smallest,
            let type = response.headers.first(where: { $0.name == "Content-Type" })?.value,
            types.contains(where: type.hasPrefix),
            !response.headers.contains(where: { $0.name == "Content-Encoding" || $0.name == "Vary" })
        else { return response }
        var response = response
        response.headers.append(("Vary", "Accept-Encoding"))
        // Quickly: a proxy, or a network, is rarely slower than a small machine's compressor.
        guard request.takesGzip, let small = gzip(bytes, level: 3) else { return response }
        response.headers.append(("Content-Encoding", "gzip"))
        response.body = .bytes(small)
        return response
    }

    private static let types = [
        "application/json", "application/problem+json", "application/vnd.apple.mpegurl", "text/plain",
    ]
}

extension HTTPRequest {
    /// Whether the client takes gzip (`Accept-Encoding`; RFC 9110, 12.5.3).
    var takesGzip: Bool {
        (header("Accept-Encoding") ?? "").lowercased().split(separator: ",").contains { word in
            let parts = word.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard parts.first == "gzip" || parts.first == "*" else { return false }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
            return weight ?? 1 > 0
        }
    }
}

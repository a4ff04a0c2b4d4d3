// SPDX-License-Identifier: Apache-2.0
internal import CCrypto
internal import Glibc
internal import HTTP

/// The files of the page: read once, since there are few and they are small.
package struct PageFiles: Sendable {
    private struct File: Sendable {
        let bytes: [UInt8]
        let type: String
        let tag: String
        /// As gzip, if that is smaller.
        let small: [UInt8]?
        let smallTag: String

        init(bytes: [UInt8], type: String) {
            (self.bytes, self.type) = (bytes, type)
            let isText = type.hasPrefix("text/") || type.hasSuffix("xml") || type.hasSuffix("json")
            small = isText ? Compression.gzip(bytes, level: 9) : nil
            let digest = PageFiles.digest(of: bytes)
            // What differs in its bytes has another tag (RFC 9110, 8.8.3.3).
            (tag, smallTag) = ("\"\(digest)\"", "\"\(digest)-gzip\"")
        }
    }

    private let files: [String: File]

    /// Those in a folder and below it; a folder that is not there has none.
    package init(folder: String) {
        var found: [String: File] = [:]
        Self.collect(folder, "", &found)
        files = found
    }

    package var isEmpty: Bool { files.isEmpty }

    /// `nil` if there is no such file.
    func answer(_ request: HTTPRequest) -> HTTPResponse? {
        let path = request.path ?? []
        guard let file = files[path.isEmpty ? "index.html" : path.joined(separator: "/")] else { return nil }
        guard ["GET", "HEAD"].contains(request.method) else {
            return Problem(405, "\(request.method) is not for this").response
        }
        // Asked about each time, and sent only when it is another one: a page never mixes two versions.
        let small = request.takesGzip ? file.small : nil
        let tag = small == nil ? file.tag : file.smallTag
        let caching = [("ETag", tag), ("Cache-Control", "no-cache"), ("Vary", "Accept-Encoding")]
        // A proxy may have made it a weak one, and a client may know several (RFC 9110, 13.1.2).
        let known = (request.header("If-None-Match") ?? "").split(separator: ",").map { $0.drop { $0 == " " } }
        if known.contains(where: { $0 == tag || $0 == "W/\(tag)" || $0 == "*" }) { return HTTPResponse(304, caching) }
        if let small { return HTTPResponse(type: file.type, small, caching + [("Content-Encoding", "gzip")]) }
        return HTTPResponse(type: file.type, file.bytes, caching)
    }

    private static let types = [
        "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml", "png": "image/png", "webmanifest": "application/manifest+json",
    ]

    private static func collect(_ folder: String, _ prefix: String, _ files: inout [String: File]) {
        guard let entries = opendir(folder) else { return }
        defer { closedir(entries) }
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.first != "." else { continue }
            let path = "\(folder)/\(name)"
            // A folder may be called `css` as well.
            let suffix = name.lastIndex(of: ".").map { String(name[name.index(after: $0)...]) }
            if let suffix {
                guard let type = types[suffix], let bytes = read(path) else { continue }
                files[prefix + name] = File(bytes: bytes, type: type)
            } else {
                collect(path, "\(prefix)\(name)/", &files)
            }
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = fread(&block, 1, block.count, file)
            if count == 0 { return ferror(file) == 0 ? bytes : nil }
            bytes += block[..<count]
        }
    }

    private static func digest(of bytes: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha256(), nil)
        return digest.prefix(12).map { String($0, radix: 16) }.joined()
    }
}

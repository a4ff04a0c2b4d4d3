// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// What a client asked of an HTTP server (RFC 9110).
package struct HTTPRequest: Sendable {
    /// Such as `GET`.
    package let method: String
    /// The path's parts, decoded: `/cameras/front%2Ddoor` is `["cameras", "front-door"]`; `nil` if one, or the query, is not UTF-8.
    package let path: [String]?
    /// The query's first value by each name, decoded.
    package var query: [String: String] { values.compactMapValues(\.first) }
    /// All of the query's values by each name, decoded, in order.
    package let values: [String: [String]]
    package let body: [UInt8]
    /// From where, as an IP address.
    package let address: String
    /// Whether it came over TLS.
    package let isEncrypted: Bool
    private var headers: [String: String]

    package init(
        method: String,
        path: [String]?,
        query values: [String: [String]] = [:],
        headers: [String: String] = [:],
        body: [UInt8] = [],
        address: String = "127.0.0.1",
        isEncrypted: Bool = false
    ) {
        (self.method, self.path, self.values, self.body) = (method, path, values, body)
        (self.address, self.isEncrypted) = (address, isEncrypted)
        self.headers = Dictionary(headers.map { ($0.lowercased(), $1) }) { one, _ in one }
    }

    /// A header's value; of several that have the name, all of them with commas between.
    package func header(_ name: String) -> String? { headers[name.lowercased()] }

    package mutating func setHeader(_ name: String, to value: String) { headers[name.lowercased()] = value }

    /// The same from elsewhere.
    package func replacing(address: String, isEncrypted: Bool) -> HTTPRequest {
        HTTPRequest(
            method: method,
            path: path,
            query: values,
            headers: headers,
            body: body,
            address: address,
            isEncrypted: isEncrypted
        )
    }

    /// Whether an address is this machine's own to itself, IPv4 within IPv6 included.
    package static func isLoopback(_ address: String) -> Bool {
        address == "::1" || address.hasPrefix("127.") || address.hasPrefix("::ffff:127.")
    }

    /// A cookie's value (RFC 6265, 4.2).
    package func cookie(_ name: String) -> String? {
        for pair in (header("Cookie") ?? "").split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0].drop(while: { $0 == " " }) == name { return String(parts[1]) }
        }
        return nil
    }
}

extension HTTPRequest {
    init(_ message: OpaquePointer, body: [UInt8], isEncrypted: Bool) {
        let uri = soup_server_message_get_uri(message)
        let rawPath = g_uri_get_path(uri).map { String(cString: $0) } ?? "/"
        // An empty part is one: what leads to one of several things never leads to all of them for want of a name.
        let parts =
            rawPath.drop { $0 == "/" }.isEmpty
            ? []
            : rawPath.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map {
                Self.decode(String($0))
            }
        let query = Self.query(g_uri_get_query(uri).map { String(cString: $0) } ?? "")
        let path = query != nil && parts.allSatisfy { $0 != nil } ? parts.compactMap(\.self) : nil
        let method = soup_server_message_get_method(message).map { String(cString: $0) } ?? ""
        let address = soup_server_message_get_remote_host(message).map { String(cString: $0) } ?? ""
        self.init(
            method: method,
            path: path,
            query: query ?? [:],
            headers: Self.headers(soup_server_message_get_request_headers(message)),
            body: body,
            address: address,
            isEncrypted: isEncrypted
        )
    }

    private static func headers(_ list: OpaquePointer?) -> [String: String] {
        final class Collection { var headers: [String: String] = [:] }
        let collection = Collection()
        soup_message_headers_foreach(
            list,
            { name, value, data in
                guard let name, let value, let data else { return }
                let collection = Unmanaged<Collection>.fromOpaque(data).takeUnretainedValue()
                let (key, text) = (String(cString: name).lowercased(), String(cString: value))
                collection.headers[key] = collection.headers[key].map { "\($0), \(text)" } ?? text
            },
            Unmanaged.passUnretained(collection).toOpaque()
        )
        return collection.headers
    }

    /// `nil` if something in it is not UTF-8.
    private static func query(_ text: String) -> [String: [String]]? {
        var values: [String: [String]] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? parts[1].replacing("+", with: "%20") : ""
            guard let name = decode(String(parts[0])), let value = decode(String(value)) else { return nil }
            values[name, default: []].append(value)
        }
        return values
    }

    /// `nil` for what is not UTF-8 once it is decoded, or holds a NUL.
    private static func decode(_ text: String) -> String? {
        guard let decoded = g_uri_unescape_string(text, nil) else { return nil }
        defer { g_free(decoded) }
        guard g_utf8_validate(decoded, -1, nil) != 0 else { return nil }
        return String(cString: decoded)
    }
}

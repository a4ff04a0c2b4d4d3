// SPDX-License-Identifier: Apache-2.0
internal import CCurl
internal import Footage

/// Which SSH server it is to be, and what it showed.
final class ServerKey {
    private let pinned: String?
    private let knownHosts: String?
    /// What was not taken, as `host-key` would have it, and whether the file knows another one of that host.
    private(set) var refused: (key: String, isOther: Bool)?

    init(_ destination: Destination) {
        (pinned, knownHosts) = (destination.hostKey, destination.hostKey == nil ? destination.knownHosts : nil)
    }

    /// What `ssh-keygen -lf` prints of a key, but for the case of its first letters.
    static func fingerprint(of key: [UInt8]) -> String {
        guard let digest = try? FileDigest.sha256(of: key) else { return "" }
        return Base64.text(of: digest)
    }

    /// Has libcurl ask about the key; this must last as long as it does.
    func guardConnections(of curl: UnsafeMutableRawPointer) {
        refused = nil
        let data = Unmanaged.passUnretained(self).toOpaque()
        if let knownHosts {
            martlet_curl_set_text(curl, CURLOPT_SSH_KNOWNHOSTS, knownHosts)
            martlet_curl_set_known_key(
                curl,
                { _, _, found, match, data in
                    guard let data else { return Int32(CURLKHSTAT_REJECT.rawValue) }
                    let own = Unmanaged<ServerKey>.fromOpaque(data).takeUnretainedValue()
                    return own.accepts(found, match) ? 0 : Int32(CURLKHSTAT_REJECT.rawValue)
                },
                data
            )
            return
        }
        martlet_curl_set_host_key(
            curl,
            { data, _, key, length in
                guard let data, let key else { return Int32(CURLKHMATCH_MISMATCH.rawValue) }
                let bytes = UnsafeRawBufferPointer(start: key, count: length)
                let own = Unmanaged<ServerKey>.fromOpaque(data).takeUnretainedValue()
                return Int32((own.accepts(Array(bytes)) ? CURLKHMATCH_OK : CURLKHMATCH_MISMATCH).rawValue)
            },
            data
        )
    }

    private func accepts(_ key: [UInt8]) -> Bool {
        let found = Self.fingerprint(of: key)
        if found == pinned { return true }
        refused = (found, pinned != nil)
        return false
    }

    private func accepts(_ found: UnsafePointer<curl_khkey>?, _ match: curl_khmatch) -> Bool {
        if match == CURLKHMATCH_OK { return true }
        if let found = found?.pointee, let text = found.key {
            let bytes =
                found.len > 0
                ? Array(UnsafeRawBufferPointer(start: text, count: found.len)) : Base64.bytes(of: String(cString: text))
            refused = (Self.fingerprint(of: bytes), match == CURLKHMATCH_MISMATCH)
        }
        return false
    }

    /// Why the server was not believed, in words for the user; `nil` if it was.
    func complaint(_ url: String) -> String? {
        guard let refused else { return nil }
        let key = "sha256:\(refused.key)"
        switch (knownHosts, refused.isOther) {
        case (nil, false):
            return "the server's key is not known: if it is the right one, set host-key = \"\(key)\" (\(url))"
        case (nil, true): return "the server shows another key than 'host-key' says: \(key) (\(url))"
        case (let file?, false): return "the server's key is not in \(file): \(key) (\(url))"
        case (let file?, true): return "the server shows another key than \(file) says: \(key) (\(url))"
        }
    }
}

/// RFC 4648, without '=' at the end, as OpenSSH prints digests.
enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(of bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0...group.count { text.append(digits[bits >> (18 - 6 * place) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Up to the first character that is none of its digits.
    static func bytes(of text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var (bits, count) = (0, 0)
        for character in text.utf8 {
            guard let digit = digits.firstIndex(of: character) else { break }
            (bits, count) = ((bits << 6 | digit) & 0xFFFF, count + 6)
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        return bytes
    }
}

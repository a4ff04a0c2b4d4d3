// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Where a server waits for connections: a host of this machine and a port.
package struct ListenAddress: Hashable, Sendable {
    /// An IPv4 or IPv6 address, without brackets, or a host name; `0.0.0.0` and `::` are every address there is.
    package let host: String
    /// 1 to 65535.
    package let port: Int

    private init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// A port at every IPv4 address of this machine.
    package static func port(_ port: UInt16) -> ListenAddress {
        ListenAddress(host: "0.0.0.0", port: max(1, Int(port)))
    }

    /// Whether two servers cannot listen on both at once.
    package func clashes(with other: ListenAddress) -> Bool {
        port == other.port && (numericHost == other.numericHost || covers(other) || other.covers(self))
    }

    /// `::` takes IPv4 too, as Linux does unless told otherwise.
    private func covers(_ other: ListenAddress) -> Bool {
        numericHost == "::" || numericHost == "0.0.0.0" && !other.host.contains(":")
    }

    private var numericHost: String { host == "localhost" ? "127.0.0.1" : host }
}

extension ListenAddress: CustomStringConvertible {
    /// Reads `0.0.0.0:8554`, `[::]:8554` or `localhost:8554`.
    ///
    /// - Throws: `InvalidValue` if the text is no address with a port.
    package init(parsing text: String) throws(InvalidValue) {
        guard let colon = text.lastIndex(of: ":") else {
            let isPort = !text.isEmpty && text.utf8.allSatisfy(\.isDigit)
            throw InvalidValue(hint: isPort ? "add a host, such as 0.0.0.0" : "add a port, such as :8554")
        }
        let host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy(\.isDigit), let port = Int(digits), (1...65535).contains(port)
        else { throw InvalidValue(hint: "a port is a number from 1 to 65535") }
        if host.isEmpty { throw InvalidValue(hint: "every address of this machine is 0.0.0.0") }
        self.init(host: try Self.canonical(host: host), port: port)
    }

    /// The text with IPv6 addresses in brackets, as in `[::1]:8554`.
    package var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private static func canonical(host: Substring) throws(InvalidValue) -> String {
        if host.hasPrefix("["), host.hasSuffix("]") {
            guard let address = canonicalIPv6(String(host.dropFirst().dropLast())) else {
                throw InvalidValue(hint: "there is no IPv6 address in the brackets")
            }
            return address
        }
        if host.contains(":") { throw InvalidValue(hint: "an IPv6 address needs brackets, as in [::]:8554") }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        if labels.last?.utf8.allSatisfy(\.isDigit) == true {
            var address = in_addr()
            guard inet_pton(AF_INET, String(host), &address) == 1 else {
                throw InvalidValue(hint: "an IPv4 address is four numbers from 0 to 255")
            }
            return String(host)
        }
        let isName = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: "-") }
        }
        guard isName, host.utf8.count <= 253 else { throw InvalidValue() }
        return host.lowercased()
    }

    private static func canonicalIPv6(_ text: String) -> String? {
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            guard let start = buffer.baseAddress, inet_ntop(AF_INET6, &address, start, socklen_t(buffer.count)) != nil
            else { return nil }
            return String(cString: start)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Dispatch
internal import Glibc

/// Why a server cannot be reached, in words: GStreamer says no more than "Failed to connect".
enum Reachability {
    /// An address that does not answer in so long, in milliseconds, does not answer.
    private static let patience: Int32 = 2000
    private static let queue = DispatchQueue(label: "reachability", attributes: .concurrent)
    /// A name with more addresses than these is tried no further.
    private static let mostAddresses = 3

    /// Tries it; `nil` if the server takes connections.
    ///
    /// On a thread of its own: looking up a name may take seconds.
    static func trouble(host: String, port: Int) async -> String? {
        await withCheckedContinuation { waiter in
            queue.async { waiter.resume(returning: look(host, port)) }
        }
    }

    /// The same for a server's URL.
    static func trouble(url: String) async -> String? {
        let address: ResourceAddress
        do throws(InvalidValue) { address = try ResourceAddress(parsing: url) } catch { return nil }
        // An IPv6 address has its brackets in a URL alone.
        let port = address.port ?? (url.hasPrefix("rtsps:") ? 322 : 554)
        return await trouble(host: address.host.filter { !"[]".contains($0) }, port: port)
    }

    private static func look(_ host: String, _ port: Int) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, String(port), &hints, &list)
        guard result == 0 else {
            return "the name \(host) does not resolve: \(String(cString: gai_strerror(result)))"
        }
        defer { freeaddrinfo(list) }
        var words: String?
        for address in sequence(first: list, next: { $0?.pointee.ai_next }).prefix(mostAddresses) {
            guard let address = address?.pointee else { break }
            guard let code = connect(to: address) else { return nil }
            words = words ?? describe(code, host, port)
        }
        return words
    }

    /// The error's number; `nil` if the connection came about.
    private static func connect(to address: addrinfo) -> Int32? {
        let kind = address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(address.ai_family, kind, address.ai_protocol)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return nil }
        guard errno == EINPROGRESS else { return errno }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&waiting, 1, patience) > 0 else { return ETIMEDOUT }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else { return errno }
        return code == 0 ? nil : code
    }

    private static func describe(_ code: Int32, _ host: String, _ port: Int) -> String {
        switch code {
        case ECONNREFUSED: "connection refused by \(host):\(port)"
        case ETIMEDOUT: "no answer from \(host):\(port)"
        case EHOSTUNREACH, ENETUNREACH: "\(host) cannot be reached: \(String(cString: strerror(code)))"
        default: "\(host):\(port): \(String(cString: strerror(code)))"
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import Synchronization

/// A call to the system that was refused.
package struct SocketFailure: Error, CustomStringConvertible {
    package let description: String

    /// Whether the other side has gone.
    let isTheEnd: Bool

    init(_ operation: String, isTheEnd: Bool = false) {
        self.isTheEnd = isTheEnd || errno == ECONNRESET || errno == EPIPE
        description = "\(operation): \(String(cString: strerror(errno)))"
    }
}

extension sockaddr_in {
    fileprivate init(loopback port: Int) {
        self.init()
        sin_family = sa_family_t(AF_INET)
        sin_port = in_port_t(port).bigEndian
        sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    }

    fileprivate func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: self) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// Ports that were handed out: nobody listens there yet, perhaps.
private let handedOut = Mutex<Set<Int>>([])

/// A TCP port of 127.0.0.1 that nobody listens on, and that no other test of this process was given.
///
/// Not one of those that the system gives to outgoing connections: others would be given it before it is used.
package func freePort() throws -> Int {
    for _ in 0..<1000 {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard probe >= 0 else { throw SocketFailure("socket") }
        defer { close(probe) }
        let port = Int.random(in: 10_000..<30_000)
        guard handedOut.withLock({ $0.insert(port).inserted }) else { continue }
        if sockaddr_in(loopback: port).withAddress({ bind(probe, $0, $1) }) == 0 { return port }
    }
    throw SocketFailure("bind")
}

/// The port that a socket has.
private func port(of descriptor: Int32) throws -> Int {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard result == 0 else { throw SocketFailure("getsockname") }
    return Int(in_port_t(bigEndian: address.sin_port))
}

/// A socket that listens on 127.0.0.1, and its port.
func listen() throws -> (descriptor: Int32, port: Int) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw SocketFailure("socket") }
    guard sockaddr_in(loopback: 0).withAddress({ bind(descriptor, $0, $1) }) == 0, listen(descriptor, 128) == 0 else {
        throw SocketFailure("listen")
    }
    return (descriptor, try port(of: descriptor))
}

/// What an RTSP server answered.
package struct RTSPReply: Sendable {
    package let status: Int
    /// By lower-case names.
    package let headers: [String: String]
    package let body: String

    /// What a description (SDP) calls its first stream.
    package var control: String? {
        let media = body.split(whereSeparator: \.isNewline).drop { !$0.hasPrefix("m=") }
        return media.first { $0.hasPrefix("a=control:") }.map { String($0.dropFirst("a=control:".count)) }
    }
}

/// One TCP connection to an RTSP server of this machine, spoken by hand (RFC 2326).
///
/// What it does begins at once, wherever it is called: on a busy machine Swift's pool may keep others waiting for longer than
/// a server is patient.
package final class RTSPConversation: @unchecked Sendable {  // One request at a time, on the thread of the moment.
    private let descriptor: Int32
    private let port: Int
    private var sequence = 0
    private var session: String?
    private var isClosed = false

    /// With `room` so many bytes, or twice as many, wait unread before the server can send no more.
    package init(port: Int, room: Int32? = nil) throws {
        self.port = port
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw SocketFailure("socket") }
        if var room {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<Int32>.size))
        }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard sockaddr_in(loopback: port).withAddress({ connect(descriptor, $0, $1) }) == 0 else {
            let failure = SocketFailure("connect")
            Glibc.close(descriptor)
            throw failure
        }
    }

    deinit { if !isClosed { Glibc.close(descriptor) } }

    /// Goes without a word.
    package func close() {
        if !isClosed { Glibc.close(descriptor) }
        isClosed = true
    }

    /// Sends bytes as they are.
    package func send(_ bytes: [UInt8]) throws {
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw SocketFailure("send")
        }
    }

    /// Sends a request and reads its reply; interleaved data before it is passed over.
    package func request(
        _ method: String,
        _ path: String,
        _ headers: [String: String] = [:],
        body: String = "",
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> RTSPReply {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [self] in
                continuation.resume(with: Result { try exchange(method, path, headers, body) })
            }
        }
    }

    /// Announces a session description.
    package func announce(
        _ path: String,
        _ description: String,
        isolation: isolated (any Actor)? = #isolation
    ) async throws -> RTSPReply {
        try await request("ANNOUNCE", path, ["Content-Type": "application/sdp"], body: description)
    }

    /// The port that it comes from.
    package var localPort: Int { get throws { try TestSupport.port(of: descriptor) } }

    /// Waits for the next interleaved packet, and returns its channel: 0 is the first stream's media, 1 its reports.
    package func channelOfNextPacket(isolation: isolated (any Actor)? = #isolation) async throws -> UInt8 {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [self] in continuation.resume(with: Result { try readPacket() }) }
        }
    }

    private func readPacket() throws -> UInt8 {
        while try read(1)[0] != UInt8(ascii: "$") {}
        let head = try read(3)
        _ = try read(Int(head[1]) << 8 | Int(head[2]))
        return head[0]
    }

    /// Plays over this connection; returns the statuses of what that takes, up to the first that is not 200.
    package func play(_ path: String, isolation: isolated (any Actor)? = #isolation) async throws -> [Int] {
        var statuses = [try await request("DESCRIBE", path, ["Accept": "application/sdp"]).status]
        let transport = ["Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"]
        if statuses == [200] { statuses.append(try await request("SETUP", "\(path)/stream=0", transport).status) }
        if statuses == [200, 200] { statuses.append(try await request("PLAY", path).status) }
        return statuses
    }

    /// Begins a session anew with the next request.
    package func forgetSession() { session = nil }

    /// Waits for so many interleaved packets.
    package func receive(packets count: Int, isolation: isolated (any Actor)? = #isolation) async throws {
        try await onThread {
            for _ in 0..<count {
                let head = try self.read(4)
                guard head[0] == UInt8(ascii: "$") else { throw SocketFailure("not a packet") }
                _ = try self.read(Int(head[2]) << 8 | Int(head[3]))
            }
        }
    }

    /// Sends bytes as they are; the status of what is answered, `nil` if the server hangs up instead.
    package func answer(to bytes: [UInt8], isolation: isolated (any Actor)? = #isolation) async throws -> Int? {
        try await onThread {
            var sent = 0
            // A server that has had enough reads no further, but may have answered.
            while sent < bytes.count {
                let count = bytes[sent...].withUnsafeBytes {
                    Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { break }
                sent += count
            }
            do { return try self.readReply().status } catch let failure as SocketFailure {
                guard failure.isTheEnd else { throw failure }
                return nil
            }
        }
    }

    /// Whether the server has sent nothing that was not read.
    package var isQuiet: Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT | MSG_PEEK)) < 0 && errno == EAGAIN
    }

    private func onThread<Value: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }

    /// Whether the server has closed the connection, once it says anything at all.
    package func isClosedByServer(isolation: isolated (any Actor)? = #isolation) async -> Bool {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                var byte: UInt8 = 0
                var count = 1
                // A busy machine's server may be late with it: each look waits for twenty seconds.
                for _ in 0..<4 where count != 0 {
                    repeat { count = recv(descriptor, &byte, 1, 0) } while count > 0
                    if count < 0, errno != EAGAIN { break }
                }
                continuation.resume(returning: count == 0 || errno == ECONNRESET)
            }
        }
    }

    private func exchange(
        _ method: String,
        _ path: String,
        _ headers: [String: String],
        _ body: String
    ) throws -> RTSPReply {
        sequence += 1
        var lines = ["\(method) rtsp://127.0.0.1:\(port)\(path) RTSP/1.0", "CSeq: \(sequence)"]
        if let session { lines.append("Session: \(session)") }
        if !body.isEmpty { lines.append("Content-Length: \(body.utf8.count)") }
        lines += headers.map { "\($0.key): \($0.value)" } + ["", ""]
        let text = Array((lines.joined(separator: "\r\n") + body).utf8)
        try send(text)
        let reply = try readReply()
        if let given = reply.headers["session"] { session = String(given.prefix { $0 != ";" }) }
        return reply
    }

    private func readReply() throws -> RTSPReply {
        var line = try readLine()
        let status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        var headers: [String: String] = [:]
        line = try readLine()
        while !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.last.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
            line = try readLine()
        }
        let count = headers["content-length"].flatMap { Int($0) } ?? 0
        return RTSPReply(status: status, headers: headers, body: String(decoding: try read(count), as: UTF8.self))
    }

    private func readLine() throws -> String {
        var line: [UInt8] = []
        while true {
            let byte = try read(1)[0]
            if line.isEmpty, byte == UInt8(ascii: "$") {
                let head = try read(3)
                _ = try read(Int(head[1]) << 8 | Int(head[2]))
            } else if byte == 10 {
                return String(decoding: line.last == 13 ? line.dropLast() : line[...], as: UTF8.self)
            } else {
                line.append(byte)
            }
        }
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress.map { $0 + done }, count - done, 0)
            }
            guard got > 0 else {
                throw got == 0
                    ? SocketFailure("the server closed the connection", isTheEnd: true) : SocketFailure("recv")
            }
            done += got
        }
        return bytes
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Footage
internal import FoundationEssentials
internal import Glibc

/// A Unix socket on which a daemon answers the command: a line of JSON each way, then it is closed.
///
/// Who may open it is a matter of file permissions.
enum ControlSocket {
    /// More than any request or reply has.
    fileprivate static let lineLimit = 1 << 20

    /// Neither side waits longer for the other, in seconds: a slow disk takes its time to delete.
    static let patience = 60

    /// Whoever connects asks, and reads the answer, within so many seconds, or gives its place to others.
    fileprivate static let askingLimit = 2

    /// A socket, and the address of a path, however long that is: an address has room for 107 bytes, so it leads through
    /// the descriptor of the folder, which `body` may rely on.
    fileprivate static func make(
        _ path: String,
        _ body: (Int32, sockaddr_un) throws(FileError) -> Void
    ) throws(FileError) -> Int32 {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        let folder = open(String(path[..<slash]) + "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw FileError("open the folder of", path) }
        defer { close(folder) }
        let short = "/proc/self/fd/\(folder)\(path[slash...])"
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard short.utf8.count < room.count else { return false }
            room.copyBytes(from: short.utf8)
            return true
        }
        guard fits else { throw FileError("use as a socket", path, code: ENAMETOOLONG) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw FileError("make a socket for", path) }
        do throws(FileError) { try body(descriptor, address) } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    fileprivate static func withAddress(
        _ address: sockaddr_un,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    fileprivate static func limitWaiting(_ descriptor: Int32, to patience: Int = patience) {
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    /// Up to the first newline or the end.
    fileprivate static func readLine(_ descriptor: Int32) -> [UInt8] {
        var line: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while line.count < lineLimit {
            let count = read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            line += block[..<count]
            if let end = line.firstIndex(of: 10) { return Array(line[..<end]) }
        }
        return line
    }

    fileprivate static func write(_ message: some Encodable, to descriptor: Int32) throws {
        let bytes = Array(try JSONEncoder().encode(message)) + [10]
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // Whoever asked has gone: there is nobody to tell.
            guard count > 0 else { return }
            done += count
        }
    }
}

/// The daemon's side.
final class ControlServer: @unchecked Sendable {  // A dispatch source locks itself; the rest never changes.
    let path: String
    private let descriptor: Int32
    private let source: any DispatchSourceRead

    /// Listens at a path; what a crash left there is replaced.
    init(path: String, answer: @escaping @Sendable (ControlRequest) async -> ControlReply) throws(FileError) {
        self.path = path
        unlink(path)
        let descriptor = try ControlSocket.make(path) { (descriptor, address) throws(FileError) in
            guard ControlSocket.withAddress(address, { bind(descriptor, $0, $1) }) == 0, chmod(path, 0o660) == 0,
                listen(descriptor, 16) == 0
            else { throw FileError("listen at", path) }
        }
        self.descriptor = descriptor
        let queue = DispatchQueue(label: "control", attributes: .concurrent)
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler { Self.accept(from: descriptor, on: queue, answer) }
        source.setCancelHandler { Glibc.close(descriptor) }
        source.activate()
    }

    func close() {
        source.cancel()
        unlink(path)
    }

    private static func accept(
        from listener: Int32,
        on queue: DispatchQueue,
        _ answer: @escaping @Sendable (ControlRequest) async -> ControlReply
    ) {
        let connection = Glibc.accept(listener, nil, nil)
        guard connection >= 0 else {
            // Out of descriptors: the caller stays in the queue, and asking again at once would help nobody.
            usleep(100_000)
            return
        }
        ControlSocket.limitWaiting(connection, to: ControlSocket.askingLimit)
        queue.async {
            let line = ControlSocket.readLine(connection)
            Task {
                let reply: ControlReply
                do { reply = await answer(try JSONDecoder().decode(ControlRequest.self, from: Data(line))) } catch {
                    reply = .failed("the request cannot be understood: \(error)")
                }
                queue.async {
                    defer { Glibc.close(connection) }
                    do { try ControlSocket.write(reply, to: connection) } catch {
                        // Numbers and texts can always be written as JSON.
                        assertionFailure("\(error)")
                    }
                }
            }
        }
    }
}

/// The command's side.
enum ControlClient {
    /// Asks the daemon that listens at a path, and waits for its answer.
    ///
    /// - Throws: ``FileError`` if nobody listens there, or if no answer comes within `patience` seconds.
    static func ask(
        _ request: ControlRequest,
        at path: String,
        patience: Int = ControlSocket.patience
    ) throws -> ControlReply {
        let descriptor = try ControlSocket.make(path) { (descriptor, address) throws(FileError) in
            guard ControlSocket.withAddress(address, { connect(descriptor, $0, $1) }) == 0 else {
                throw FileError("reach the daemon at", path)
            }
        }
        defer { close(descriptor) }
        ControlSocket.limitWaiting(descriptor, to: patience)
        try ControlSocket.write(request, to: descriptor)
        let line = ControlSocket.readLine(descriptor)
        guard !line.isEmpty else { throw FileError("get an answer from the daemon at", path, code: ETIMEDOUT) }
        return try JSONDecoder().decode(ControlReply.self, from: Data(line))
    }
}

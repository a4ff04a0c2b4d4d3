// SPDX-License-Identifier: Apache-2.0

/// Takes an RTSP connection's bytes apart into what is interleaved there: packets, and RTSP messages between them
/// (RFC 2326, 10.12).
///
/// Bytes are taken as they come, in pieces of any length; only a part that is not complete yet is kept.
package struct InterleavedStream: Sendable {
    package enum Part {
        case packet(channel: UInt8, UnsafeRawBufferPointer)
        /// An answer or a request, up to the empty line; its body is passed over.
        case message(head: String)
    }

    /// Why nothing more can be understood of a connection.
    package enum Malformed: Error, Equatable {
        /// A message without an end.
        case endlessMessage
        /// Neither a packet nor a message.
        case noise
    }

    /// A part of which the end is missing.
    private var rest: [UInt8] = []
    /// What is left of a message's body.
    private var body = 0
    /// How far the head of a message that is not complete has been looked through, and where its last line begins.
    private var scanned = (index: 0, line: 0)

    /// More than any answer's headers have.
    private static let messageLimit = 16 << 10
    /// More than any answer to us brings along.
    private static let bodyLimit = 1 << 20

    package init() {}

    /// Calls `take` with each part that is complete, in order; its bytes are there during the call only.
    package mutating func parse(_ bytes: UnsafeRawBufferPointer, _ take: (Part) -> Void) throws(Malformed) {
        var bytes = bytes[...]
        while !bytes.isEmpty {
            if rest.isEmpty {
                scanned = (0, 0)
                let used = try parseFirst(UnsafeRawBufferPointer(rebasing: bytes), take)
                if used == 0 {
                    rest.append(contentsOf: bytes)
                    return
                }
                bytes = bytes.dropFirst(used)
            } else {
                bytes = bytes.dropFirst(complete(bytes))
                let kept = rest
                rest = []
                let used = try kept.withUnsafeBytes { kept in
                    Result { () throws(Malformed) in try parseFirst(kept, take) }
                }.get()
                rest = kept
                if used > 0 {
                    // What was passed over, such as an empty line, may stand before what is not complete.
                    rest.removeFirst(used)
                    scanned = (0, 0)
                }
            }
        }
    }

    /// Adds to what is kept as much as completes it, or tells more of its length; returns how much that was.
    private mutating func complete(_ bytes: Slice<UnsafeRawBufferPointer>) -> Int {
        let wanted: Int
        if rest[0] == Self.dollar {
            let length = rest.count < 4 ? 4 : 4 + Int(rest[2]) << 8 + Int(rest[3])
            wanted = max(length - rest.count, 1)
        } else {
            // Up to the next line's end, which may be the last.
            wanted = (bytes.firstIndex(of: Self.newline).map { $0 - bytes.startIndex } ?? bytes.count) + 1
        }
        let count = min(wanted, bytes.count)
        rest.append(contentsOf: bytes.prefix(count))
        return count
    }

    private static let dollar = UInt8(ascii: "$")
    private static let newline = UInt8(ascii: "\n")

    /// Returns how many bytes the first part has, or 0 if it is not complete.
    private mutating func parseFirst(_ bytes: UnsafeRawBufferPointer, _ take: (Part) -> Void) throws(Malformed) -> Int {
        if body > 0 {
            let count = min(body, bytes.count)
            body -= count
            return count
        }
        switch bytes[0] {
        case Self.dollar:
            guard bytes.count >= 4 else { return 0 }
            let end = 4 + Int(bytes.number16(at: 2))
            guard bytes.count >= end else { return 0 }
            take(.packet(channel: bytes[1], UnsafeRawBufferPointer(rebasing: bytes[4..<end])))
            return end
        case Self.newline, UInt8(ascii: "\r"):
            // Between messages there may be empty lines.
            return 1
        case UInt8(ascii: "A")...UInt8(ascii: "Z"):
            guard let end = endOfHead(bytes) else {
                guard bytes.count < Self.messageLimit else { throw .endlessMessage }
                return 0
            }
            let head = String(decoding: bytes[..<end], as: UTF8.self)
            body = Self.bodyLength(head)
            guard body <= Self.bodyLimit else { throw .endlessMessage }
            take(.message(head: head))
            return end
        default: throw .noise
        }
    }

    /// Behind the empty line that ends a message's headers.
    private mutating func endOfHead(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let limit = min(bytes.count, Self.messageLimit)
        for index in min(scanned.index, limit)..<limit where bytes[index] == Self.newline {
            let length = index - scanned.line
            if length == 0 || (length == 1 && bytes[scanned.line] == UInt8(ascii: "\r")) { return index + 1 }
            scanned.line = index + 1
        }
        scanned.index = limit
        return nil
    }

    private static func bodyLength(_ head: String) -> Int {
        for line in head.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
            return max(0, Int(parts[1].filter { $0 != " " }) ?? 0)
        }
        return 0
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import Foundation
internal import Synchronization

/// A camera of another maker on loopback: an RTSP server (RFC 2326) over TCP that behaves as badly as a test wants.
///
/// It sends no RTCP, as many do not.
package final class ScriptedCamera: Sendable {
    package enum Authentication: Sendable {
        case none
        case basic(user: String, password: String)
        case digest(user: String, password: String)
    }

    package struct Behaviour: Sendable {
        /// Nothing but OPTIONS is ever answered.
        package var answersOnlyOptions = false
        /// What comes after PLAY is read, and not answered.
        package var ignoresKeepAlive = false
        /// What comes after PLAY is answered by asking who it is, again and again.
        package var challengesKeepAlive = false
        /// How long a session lasts without a keep-alive, in seconds, as it tells clients.
        package var sessionTimeout = 60
        /// So many connections are told `refusal` when they ask for a description.
        package var refusals = 0
        package var refusal = "503 Service Unavailable"
        package var hasAudio = false
        /// Where clients are sent instead (301), if they are.
        package var redirection: String?
        package var withMarkers = true
        /// What it says of the order of its packets; it sends them as with 1 all the same.
        package var packetizationMode = 1
        package var authentication = Authentication.none
        /// The first connection falls silent after so many rounds of two seconds, and stays open.
        package var freezesAfter: Int?
        /// From this round on it sends another recording.
        package var changesAfter: Int?

        package init() {}
    }

    package let port: Int
    package var url: String { "rtsp://127.0.0.1:\(port)/stream" }
    private let listener: Int32
    private let behaviour: Behaviour
    private let recording: RTPRecording
    private let other: RTPRecording?
    private let state = Mutex(State())

    private struct State {
        var connections: [Int32] = []
        var requests: [String] = []
        var count = 0
        var isClosed = false
    }

    /// Listens at once, until it is closed.
    package init(_ recording: RTPRecording, then other: RTPRecording? = nil, _ behaviour: Behaviour) throws {
        (self.recording, self.other, self.behaviour) = (recording, other, behaviour)
        (listener, port) = try listen()
        let thread = Thread { [self] in accept() }
        thread.name = "camera"
        thread.start()
    }

    /// How many clients have come.
    package var connections: Int { state.withLock { $0.count } }

    /// The methods of all requests, in the order in which they came.
    package var requests: [String] { state.withLock { $0.requests } }

    /// Takes no more clients and lets go of those it has.
    package func close() {
        state.withLock { state in
            state.isClosed = true
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func accept() {
        while true {
            let descriptor = Foundation.accept(listener, nil, nil)
            guard descriptor >= 0 else {
                Foundation.close(listener)
                return
            }
            let number = state.withLock { state in
                state.connections.append(descriptor)
                state.count += 1
                return state.count
            }
            let connection = Connection(descriptor, number: number)
            let thread = Thread { [self] in serve(connection) }
            thread.start()
        }
    }

    // MARK: One client

    private final class Connection: @unchecked Sendable {  // `lock` guards what is written.
        let descriptor: Int32
        let number: Int
        private let lock = NSLock()
        private var isClosed = false

        init(_ descriptor: Int32, number: Int) { (self.descriptor, self.number) = (descriptor, number) }

        func close() {
            lock.withLock {
                isClosed = true
                _ = Foundation.close(descriptor)
            }
        }

        func send(_ bytes: [UInt8]) -> Bool {
            lock.withLock {
                if isClosed { return false }
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = rest.withUnsafeBytes {
                        Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                    }
                    guard count > 0 else { return false }
                    rest = rest.dropFirst(count)
                }
                return true
            }
        }
    }

    /// Who still plays must not send to whoever has the descriptor's number next.
    private func close(_ connection: Connection) {
        state.withLock { $0.connections.removeAll { $0 == connection.descriptor } }
        connection.close()
    }

    private struct Request {
        let method: String
        let headers: [String: String]
    }

    private func serve(_ connection: Connection) {
        defer { close(connection) }
        var input: [UInt8] = []
        var isPlaying = false
        while let request = read(connection.descriptor, &input) {
            state.withLock { $0.requests.append(request.method) }
            if isPlaying, behaviour.ignoresKeepAlive, request.method != "TEARDOWN" { continue }
            if behaviour.answersOnlyOptions, request.method != "OPTIONS" { continue }
            var answer = answer(request, connection)
            if isPlaying, behaviour.challengesKeepAlive, request.method != "TEARDOWN" {
                answer = "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"camera\", nonce=\"1\"\r\n"
            }
            answer += "CSeq: \(request.headers["cseq"] ?? "0")\r\n"
            let body = request.method == "DESCRIBE" && answer.hasPrefix("RTSP/1.0 200") ? description : ""
            if !body.isEmpty { answer += "Content-Type: application/sdp\r\nContent-Length: \(body.utf8.count)\r\n" }
            guard connection.send(Array("\(answer)\r\n\(body)".utf8)) else { return }
            if request.method == "PLAY", !isPlaying {
                isPlaying = true
                let thread = Thread { [self] in play(connection) }
                thread.start()
            }
        }
    }

    private func answer(_ request: Request, _ connection: Connection) -> String {
        let ok = "RTSP/1.0 200 OK\r\n"
        if let place = behaviour.redirection, request.method == "DESCRIBE" {
            return "RTSP/1.0 301 Moved Permanently\r\nLocation: \(place)\r\n"
        }
        if request.method != "OPTIONS", let challenge = challenge(request) {
            return "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: \(challenge)\r\n"
        }
        switch request.method {
        case "OPTIONS": return ok + "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
        case "DESCRIBE" where connection.number <= behaviour.refusals: return "RTSP/1.0 \(behaviour.refusal)\r\n"
        case "SETUP":
            let session = "Session: 1;timeout=\(behaviour.sessionTimeout)\r\n"
            return ok + "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" + session
        default: return ok + "Session: 1\r\n"
        }
    }

    private var description: String {
        let audio = "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:audio\r\n"
        return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\na=control:*\r\n"
            + (behaviour.hasAudio ? audio : "")
            + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=\(behaviour.packetizationMode)\r\na=control:video\r\n"
    }

    /// Sends in real time until the client has gone, or the script says otherwise.
    private func play(_ connection: Connection) {
        let start = ContinuousClock.now
        var round = 0
        while true {
            if let limit = behaviour.freezesAfter, connection.number == 1, round >= limit { return }
            let hasChanged = behaviour.changesAfter.map { round >= $0 } ?? false
            let present = hasChanged ? other ?? recording : recording
            for packet in present.packets(round: round, withMarkers: behaviour.withMarkers) {
                let wait = (start + packet.time) - .now
                if wait > .zero { Thread.sleep(forTimeInterval: wait / .seconds(1)) }
                // RFC 2326, 10.12.
                let frame = [0x24, 0] + bigEndian(UInt16(packet.bytes.count)) + packet.bytes
                guard connection.send(frame) else { return }
            }
            round += 1
        }
    }

    /// The next request, or `nil` when the client has gone; what it interleaves is passed over.
    private func read(_ descriptor: Int32, _ input: inout [UInt8]) -> Request? {
        var block = [UInt8](repeating: 0, count: 4096)
        while true {
            if input.first == 0x24, input.count >= 4 {
                let length = 4 + Int(input[2]) << 8 + Int(input[3])
                if input.count >= length {
                    input.removeFirst(length)
                    continue
                }
            } else if let end = input.firstRange(of: Array("\r\n\r\n".utf8)) {
                let lines = String(decoding: input[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
                input.removeSubrange(..<end.upperBound)
                let headers = lines.dropFirst().compactMap { line -> (String, String)? in
                    guard let colon = line.firstIndex(of: ":") else { return nil }
                    let value = line[line.index(after: colon)...].drop { $0 == " " }
                    return (line[..<colon].lowercased(), String(value))
                }
                return Request(
                    method: String(lines[0].prefix { $0 != " " }),
                    headers: Dictionary(headers) { $1 }
                )
            }
            let count = recv(descriptor, &block, block.count, 0)
            guard count > 0 else { return nil }
            input += block[..<count]
        }
    }

    // MARK: Who may see it

    /// What a client without the right words is told (RFC 7617, RFC 2617).
    private func challenge(_ request: Request) -> String? {
        let given = request.headers["authorization"] ?? ""
        switch behaviour.authentication {
        case .none: return nil
        case .basic(let user, let password):
            let words = Data("\(user):\(password)".utf8).base64EncodedString()
            return given == "Basic \(words)" ? nil : "Basic realm=\"camera\""
        case .digest(let user, let password):
            let challenge = "Digest realm=\"camera\", nonce=\"0123456789abcdef\""
            guard let uri = given.firstMatch(of: #/uri="([^"]*)"/#)?.1 else { return challenge }
            let secret = md5("\(user):camera:\(password)")
            let response = md5("\(secret):0123456789abcdef:\(md5("\(request.method):\(uri)"))")
            return given.contains("username=\"\(user)\"") && given.contains("response=\"\(response)\"")
                ? nil : challenge
        }
    }

    private func md5(_ text: String) -> String {
        guard let sum = g_compute_checksum_for_string(G_CHECKSUM_MD5, text, -1) else { return "" }
        defer { g_free(sum) }
        return String(cString: sum)
    }
}

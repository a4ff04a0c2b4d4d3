// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib
internal import Synchronization

/// One request and its answer (`SoupServerMessage`), on the main loop.
final class HTTPExchange: Sendable {
    private let message: Object
    /// A part has been written; ends with the exchange.
    private let written: AsyncStream<Void>
    private let running = Mutex<Task<Void, Never>?>(nil)
    private let isOver = Atomic<Bool>(false)
    private let connections: HTTPConnections

    /// The other end of a message's connection.
    static func end(of message: OpaquePointer) -> String {
        soup_server_message_get_remote_address(message).map(HTTPAcceptance.text) ?? ""
    }

    init(_ message: OpaquePointer, _ connections: HTTPConnections) {
        self.connections = connections
        self.message = Object(retaining: UnsafeMutableRawPointer(message))
        let (written, note) = AsyncStream.makeStream(of: Void.self)
        self.written = written
        for (signal, isEnd) in [("wrote-chunk", false), ("finished", true), ("disconnected", true)] {
            self.message.connect(signal) { [weak self] _ in
                guard isEnd else {
                    note.yield()
                    return nil
                }
                note.finish()
                self?.isOver.store(true, ordering: .relaxed)
                // Whoever still makes parts for a client that has gone need not.
                self?.running.withLock { $0 }?.cancel()
                return nil
            }
        }
    }

    private var pointer: OpaquePointer { OpaquePointer(message.pointer) }

    /// Has a request answered; the exchange keeps itself alive until it is.
    func run(_ handler: @escaping HTTPServer.Handler) {
        let end = Self.end(of: pointer)
        connections.isBusy(end)
        let request = HTTPRequest(pointer, body: requestBody, isEncrypted: connections.isEncrypted(end))
        soup_server_message_pause(pointer)
        let task = Task { @MainLoop in
            let response = await handler(request)
            await answer(response, isHead: request.method == "HEAD")
        }
        running.withLock { $0 = task }
    }

    private var requestBody: [UInt8] {
        guard let body = soup_server_message_get_request_body(pointer), let bytes = soup_message_body_flatten(body)
        else { return [] }
        defer { g_bytes_unref(bytes) }
        var count: gsize = 0
        guard let data = g_bytes_get_data(bytes, &count) else { return [] }
        return Array(UnsafeRawBufferPointer(start: data, count: Int(count)))
    }

    @MainLoop private func answer(_ response: HTTPResponse, isHead: Bool) async {
        soup_server_message_set_status(pointer, guint(response.status), nil)
        let headers = soup_server_message_get_response_headers(pointer)
        let requested = soup_server_message_get_request_headers(pointer)
        let range = soup_message_headers_get_one(requested, "Range").map { String(cString: $0) }
        // libsoup would cut anything into as many parts as anybody asks for.
        soup_message_headers_remove(requested, "Range")
        // Before 3.3 it does not notice when a client closes a connection that is kept for its next request.
        if soup_check_version(3, 3, 0) == 0 { soup_message_headers_append(headers, "Connection", "close") }
        for (name, value) in response.headers { soup_message_headers_append(headers, name, value) }
        let body = soup_server_message_get_response_body(pointer)
        switch response.body {
        case .none: break
        case .bytes(let bytes): append(bytes, to: body)
        case .file(let path):
            if let file = await FileParts.open(path) {
                await send(file, ByteRange(range, of: file.byteCount), response, isHead: isHead, to: body)
            } else {
                soup_server_message_set_status(pointer, 404, nil)
            }
            soup_message_body_complete(body)
        case .stream(let parts, let byteCount):
            if let byteCount {
                soup_message_headers_set_content_length(headers, goffset(byteCount))
                closeAfterwards(headers)
            } else {
                soup_message_headers_set_encoding(headers, SOUP_ENCODING_CHUNKED)
            }
            soup_message_body_set_accumulate(body, 0)
            if !isHead { await send(parts, response, to: body) }
            soup_message_body_complete(body)
        }
        goOn()
    }

    /// Of what ends before its promised length nothing else tells the client.
    private func closeAfterwards(_ headers: OpaquePointer?) {
        soup_message_headers_replace(headers, "Connection", "close")
    }

    /// Who may no longer have what is sent is noticed within this.
    private static let patience = Duration.milliseconds(500)

    /// Has libsoup send what there is; of a message whose client has gone there is nothing to send.
    @MainLoop private func goOn() {
        if !isOver.load(ordering: .relaxed) { soup_server_message_unpause(pointer) }
    }

    @MainLoop private func send(
        _ parts: AsyncStream<[UInt8]>,
        _ response: HTTPResponse,
        to body: UnsafeMutablePointer<SoupMessageBody>?
    ) async {
        var written = written.makeAsyncIterator()
        var asked = ContinuousClock.now
        for await part in parts where !part.isEmpty {
            if .now - asked > Self.patience {
                asked = .now
                if let isStillWanted = response.isStillWanted, await !isStillWanted() { return }
            }
            append(part, to: body)
            goOn()
            // The client has gone.
            if await written.next() == nil { return }
        }
    }

    private func append(_ bytes: [UInt8], to body: UnsafeMutablePointer<SoupMessageBody>?) {
        let copy = g_bytes_new(bytes, gsize(bytes.count))
        soup_message_body_append_bytes(body, copy)
        g_bytes_unref(copy)
    }

    /// Sends a file, or the part of it that was asked for.
    @MainLoop private func send(
        _ file: FileParts,
        _ wanted: ByteRange,
        _ response: HTTPResponse,
        isHead: Bool,
        to body: UnsafeMutablePointer<SoupMessageBody>?
    ) async {
        let headers = soup_server_message_get_response_headers(pointer)
        var range = 0..<file.byteCount
        switch wanted {
        case .whole: break
        case .part(let part):
            range = part
            soup_server_message_set_status(pointer, 206, nil)
            soup_message_headers_append(
                headers,
                "Content-Range",
                "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(file.byteCount)"
            )
        case .unsatisfiable:
            range = 0..<0
            soup_server_message_set_status(pointer, 416, nil)
            soup_message_headers_append(headers, "Content-Range", "bytes */\(file.byteCount)")
        }
        soup_message_headers_set_content_length(headers, goffset(range.count))
        closeAfterwards(headers)
        soup_message_body_set_accumulate(body, 0)
        if !isHead { await send(file.stream(range), response, to: body) }
    }
}

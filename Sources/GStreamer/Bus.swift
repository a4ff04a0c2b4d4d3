// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib
internal import Synchronization

/// What a pipeline's elements report, as far as anybody here acts on it.
package enum BusMessage: Sendable, Equatable {
    /// An element failed: its name, GStreamer's text, and the details that GStreamer puts beside it.
    case error(source: String, text: String, detail: String)
    case warning(source: String, text: String, detail: String)
    case endOfStream
    /// An element's latency changed: the pipeline should be asked anew.
    case latency
}

/// A pipeline's bus, read on the threads that post to it, so that no main loop is needed and none is kept busy.
package final class Bus: Sendable {
    /// The messages in the order they were posted.
    ///
    /// One reader. At most 64 wait for it, and of warnings at most 16 come in a second: of a flood the first are kept,
    /// since the first error is the cause, and the rest are counted.
    package let messages: AsyncStream<BusMessage>
    private let channel: Channel

    /// How many messages were dropped since nobody read them in time.
    package var dropped: Int { channel.dropped.load(ordering: .relaxed) }

    init(of pipeline: UnsafeMutableRawPointer) {
        let (stream, continuation) = AsyncStream.makeStream(of: BusMessage.self, bufferingPolicy: .bufferingOldest(64))
        messages = stream
        channel = Channel(continuation)
        let bus = gst_element_get_bus(pipeline.assumingMemoryBound(to: GstElement.self))
        gst_bus_set_sync_handler(
            bus,
            { _, message, data in
                if let message, let data { Retained<Channel>.value(of: data).post(message) }
                if let message { gst_message_unref(message) }
                return GST_BUS_DROP
            },
            Retained<Channel>(channel).toOpaque(),
            { data in
                guard let data else { return }
                Retained<Channel>.value(of: data).continuation.finish()
                Retained<Channel>.release(data)
            }
        )
        gst_object_unref(bus)
    }

    private final class Channel: Sendable {
        let continuation: AsyncStream<BusMessage>.Continuation
        let dropped = Atomic<Int>(0)

        init(_ continuation: AsyncStream<BusMessage>.Continuation) { self.continuation = continuation }

        /// What warnings there have been in this second.
        private let warnings = Mutex((second: 0 as UInt64, count: 0))
        /// More in a second say nothing new, and would keep whoever reads them from all else.
        private static let warningLimit = 16

        func post(_ message: UnsafeMutablePointer<GstMessage>) {
            // Before anything is made of it: of a flood nobody but the thread that makes it bears the cost.
            if message.pointee.type == GST_MESSAGE_WARNING, !takeWarning() {
                dropped.add(1, ordering: .relaxed)
                return
            }
            guard let event = BusMessage(message) else { return }
            if case .dropped = continuation.yield(event) { dropped.add(1, ordering: .relaxed) }
        }

        private func takeWarning() -> Bool {
            let second = ClockTime.now.nanoseconds / 1_000_000_000
            return warnings.withLock { warnings in
                if warnings.second != second { warnings = (second, 0) }
                warnings.count += 1
                return warnings.count <= Self.warningLimit
            }
        }
    }
}

extension BusMessage {
    fileprivate init?(_ message: UnsafeMutablePointer<GstMessage>) {
        switch message.pointee.type {
        case GST_MESSAGE_EOS: self = .endOfStream
        case GST_MESSAGE_LATENCY: self = .latency
        case GST_MESSAGE_ERROR:
            let (source, text, detail) = Self.parse(message, gst_message_parse_error)
            self = .error(source: source, text: text, detail: detail)
        case GST_MESSAGE_WARNING:
            let (source, text, detail) = Self.parse(message, gst_message_parse_warning)
            self = .warning(source: source, text: text, detail: detail)
        default: return nil
        }
    }

    private static func parse(
        _ message: UnsafeMutablePointer<GstMessage>,
        _ parser: (
            UnsafeMutablePointer<GstMessage>?, UnsafeMutablePointer<UnsafeMutablePointer<GError>?>?,
            UnsafeMutablePointer<UnsafeMutablePointer<gchar>?>?
        ) -> Void
    ) -> (source: String, text: String, detail: String) {
        var error: UnsafeMutablePointer<GError>?
        var detail: UnsafeMutablePointer<gchar>?
        parser(message, &error, &detail)
        defer { g_free(detail) }
        let source = message.pointee.src.flatMap { gst_object_get_name($0) }
        defer { g_free(source) }
        return (
            source.map { String(cString: $0) } ?? "", takeMessage(of: error),
            detail.map { Self.lastLine(of: String(cString: $0)) } ?? ""
        )
    }

    /// The part of GStreamer's debug text that is for people: it begins with a source line, function and object path.
    static func lastLine(of debug: String) -> String {
        let last = debug.split(separator: "\n").last.map(String.init) ?? ""
        // "gstrtspsrc.c(5550): gst_rtspsrc_loop (): /GstPipeline:…" on one line says nothing to a user.
        return last.contains("(): /Gst") ? "" : last
    }
}

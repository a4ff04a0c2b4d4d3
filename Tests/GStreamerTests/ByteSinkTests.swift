// SPDX-License-Identifier: Apache-2.0
import CGStreamer
import GLib
import Synchronization
import TestSupport
import Testing

@testable import GStreamer

/// Remembers what it was told, and refuses what it is told to refuse.
final class RecordingTarget: ByteSinkTarget {
    enum Call: Equatable {
        case open(String)
        case write([UInt8], UInt64)
        case close(complete: Bool)
        case interrupt(Bool)
    }

    private let state = Mutex<[Call]>([])
    private let refuses: Mutex<@Sendable (Call) -> ByteSinkRefusal?>

    init(refusing refuses: @escaping @Sendable (Call) -> ByteSinkRefusal? = { _ in nil }) {
        self.refuses = Mutex(refuses)
    }

    /// Without interruptions, which come at each change of state.
    var calls: [Call] { state.withLock { $0 }.filter { if case .interrupt = $0 { false } else { true } } }
    var interruptions: [Call] { state.withLock { $0 }.filter { if case .interrupt = $0 { true } else { false } } }

    func open(_ location: String) throws(ByteSinkRefusal) { try take(.open(location)) }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ByteSinkRefusal) {
        try take(.write(Array(bytes), offset))
    }

    func close(complete: Bool) { state.withLock { $0.append(.close(complete: complete)) } }

    func interrupt(_ interrupted: Bool) { state.withLock { $0.append(.interrupt(interrupted)) } }

    private func take(_ call: Call) throws(ByteSinkRefusal) {
        state.withLock { $0.append(call) }
        if let refusal = refuses.withLock({ $0 })(call) { throw refusal }
    }
}

/// A byte sink without a pipeline: events and buffers go to its pad as a muxer would send them.
final class SinkBench {
    let target: RecordingTarget
    let sink: ByteSink
    private let bus: OpaquePointer?

    init(_ target: RecordingTarget, location: String) throws {
        self.target = target
        sink = ByteSink(target: target)
        try sink.set("location", to: location)
        bus = gst_bus_new().map { OpaquePointer($0) }
        sink.withPointer(as: GstElement.self) { gst_element_set_bus($0, bus.map { UnsafeMutablePointer($0) }) }
    }

    deinit {
        stop()
        sink.withPointer(as: GstElement.self) { gst_element_set_bus($0, nil) }
        gst_object_unref(bus.map { UnsafeMutableRawPointer($0) })
    }

    /// Starts a file, and returns whether the sink agreed.
    func start() -> Bool {
        let result = sink.withPointer(as: GstElement.self) { gst_element_set_state($0, GST_STATE_PLAYING) }
        guard result != GST_STATE_CHANGE_FAILURE else { return false }
        send(gst_event_new_stream_start("test"))
        segment(0)
        return true
    }

    func stop() { _ = sink.withPointer(as: GstElement.self) { gst_element_set_state($0, GST_STATE_NULL) } }

    /// Goes to an offset, as a muxer that patches.
    func segment(_ offset: UInt64) {
        var segment = GstSegment()
        gst_segment_init(&segment, GST_FORMAT_BYTES)
        segment.start = guint64(offset)
        send(gst_event_new_segment(&segment))
    }

    func endOfStream() { send(gst_event_new_eos()) }

    func write(_ bytes: [UInt8]) -> GstFlowReturn {
        withPad { gst_pad_chain($0, gst_buffer_new_memdup(bytes, gsize(bytes.count))) }
    }

    /// The errors that the sink posted.
    func errors() -> [BusMessage] {
        var errors: [BusMessage] = []
        while let message = gst_bus_pop_filtered(bus.map { UnsafeMutablePointer($0) }, GST_MESSAGE_ERROR) {
            var error: UnsafeMutablePointer<GError>?
            var debug: UnsafeMutablePointer<gchar>?
            gst_message_parse_error(message, &error, &debug)
            let detail = debug.map { BusMessage.lastLine(of: String(cString: $0)) } ?? ""
            g_free(debug)
            errors.append(.error(source: "", text: takeMessage(of: error), detail: detail))
            gst_message_unref(message)
        }
        return errors
    }

    private func send(_ event: UnsafeMutablePointer<GstEvent>?) { withPad { _ = gst_pad_send_event($0, event) } }

    func withPad<Result>(_ body: (UnsafeMutablePointer<GstPad>?) -> Result) -> Result {
        let pad = sink.withPointer(as: GstElement.self) { gst_element_get_static_pad($0, "sink") }
        defer { gst_object_unref(pad) }
        return body(pad)
    }
}

@Suite("Byte sink", .gstreamer)
struct ByteSinkTests {
    @Test("a file is opened at the location, written in order, and closed as complete at the end of the stream")
    func order() throws {
        let bench = try SinkBench(RecordingTarget(), location: "/chunks/one.mp4")
        #expect(bench.target.calls.isEmpty)
        #expect(bench.start())
        #expect(bench.write([1, 2, 3]) == GST_FLOW_OK)
        #expect(bench.write([4, 5]) == GST_FLOW_OK)
        bench.endOfStream()
        #expect(
            bench.target.calls == [
                .open("/chunks/one.mp4"), .write([1, 2, 3], 0), .write([4, 5], 3), .close(complete: true),
            ]
        )
        bench.stop()
        #expect(bench.target.calls.count == 4)
        #expect(bench.errors().isEmpty)
    }

    @Test("a muxer that goes back writes at that offset, and on from there")
    func seek() throws {
        let bench = try SinkBench(RecordingTarget(), location: "")
        #expect(bench.start())
        _ = bench.write([1, 2, 3, 4])
        bench.segment(1)
        _ = bench.write([9])
        _ = bench.write([8])
        bench.segment(4)
        _ = bench.write([5])
        #expect(
            bench.target.calls.dropFirst() == [
                .write([1, 2, 3, 4], 0), .write([9], 1), .write([8], 2), .write([5], 4),
            ]
        )
    }

    @Test("a sink that is stopped before the end closes its file as incomplete")
    func stopped() throws {
        let bench = try SinkBench(RecordingTarget(), location: "")
        #expect(bench.start())
        _ = bench.write([1])
        bench.stop()
        #expect(bench.target.calls == [.open(""), .write([1], 0), .close(complete: false)])
    }

    @Test("a sink can be used for one file after the other, each from its own beginning")
    func again() throws {
        let bench = try SinkBench(RecordingTarget(), location: "one")
        for name in ["one", "two"] {
            try bench.sink.set("location", to: name)
            #expect(bench.start())
            _ = bench.write([1, 2])
            bench.endOfStream()
            bench.stop()
        }
        let file: (String) -> [RecordingTarget.Call] = { [.open($0), .write([1, 2], 0), .close(complete: true)] }
        #expect(bench.target.calls == file("one") + file("two"))
    }

    @Test("a file that is refused is an error in the target's words, and nothing is written or closed")
    func refusedOpen() throws {
        let target = RecordingTarget { call in
            if case .open = call { ByteSinkRefusal(text: "The card is gone.", detail: "put it back") } else { nil }
        }
        let bench = try SinkBench(target, location: "file")
        #expect(!bench.start())
        #expect(bench.errors().first == .error(source: "", text: "The card is gone.", detail: "put it back"))
        bench.stop()
        #expect(target.calls == [.open("file")])
    }

    @Test("a write that is refused is an error in the target's words, and ends the file as incomplete")
    func refusedWrite() throws {
        let target = RecordingTarget { call in
            if case .write(_, 2) = call {
                ByteSinkRefusal(text: "The card is full.", detail: "no room came")
            } else {
                nil
            }
        }
        let bench = try SinkBench(target, location: "file")
        #expect(bench.start())
        #expect(bench.write([1, 2]) == GST_FLOW_OK)
        #expect(bench.write([3]) == GST_FLOW_ERROR)
        #expect(bench.errors().first == .error(source: "", text: "The card is full.", detail: "no room came"))
        #expect(bench.write([4]) == GST_FLOW_ERROR)
        bench.endOfStream()
        bench.stop()
        #expect(target.calls == [.open("file"), .write([1, 2], 0), .write([3], 2), .close(complete: false)])
    }

    @Test("a change of state interrupts a write that waits, until the sink runs again")
    func interrupted() throws {
        let bench = try SinkBench(RecordingTarget(), location: "")
        #expect(bench.start())
        bench.stop()
        #expect(bench.target.interruptions.contains(.interrupt(true)))
        let last = try #require(bench.target.interruptions.last)
        #expect(bench.start())
        #expect(last == .interrupt(true) ? bench.target.interruptions.last == .interrupt(false) : true)
    }

    @Test("the sink can be sought in bytes, so that a muxer finalises, and its location can be read back")
    func seekable() throws {
        let bench = try SinkBench(RecordingTarget(), location: "/some/where.mp4")
        #expect(try bench.sink.get("location", as: String.self) == "/some/where.mp4")
        let (format, isSeekable) = bench.withPad { pad in
            let query = gst_query_new_seeking(GST_FORMAT_BYTES)
            defer { gst_query_unref(query) }
            var format = GST_FORMAT_UNDEFINED
            var isSeekable: gboolean = 0
            gst_pad_query(pad, query)
            gst_query_parse_seeking(query, &format, &isSeekable, nil, nil)
            return (format, isSeekable)
        }
        #expect(format == GST_FORMAT_BYTES)
        #expect(isSeekable != 0)
    }

    @Test("the target lives as long as the sink, and no longer")
    func lifetime() {
        weak var held: RecordingTarget?
        do {
            let target = RecordingTarget()
            held = target
            let sink = ByteSink(target: target)
            withExtendedLifetime(sink) {}
        }
        #expect(held == nil)
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib
internal import Synchronization

/// What stands behind a ``ByteSink``: files, as plain Swift.
///
/// All calls but ``interrupt(_:)`` come from the one streaming thread that writes at the time.
package protocol ByteSinkTarget: AnyObject, Sendable {
    /// A new file begins. Throwing refuses it: the element posts the words as an error.
    func open(_ location: String) throws(ByteSinkRefusal)
    /// Bytes for an offset; a muxer goes back to patch what it wrote.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(ByteSinkRefusal)
    /// The file ends, `complete` if the muxer finished it. Must not wait for a disk.
    func close(complete: Bool)
    /// The pipeline wants its thread back: a `write` that waits must give up, until called with `false`. On any thread.
    func interrupt(_ interrupted: Bool)
}

/// Why a file cannot be opened or written, in words for the user.
package struct ByteSinkRefusal: Error, Equatable {
    package let text: String
    package let detail: String

    package init(text: String, detail: String) {
        (self.text, self.detail) = (text, detail)
    }
}

/// A sink element (`GstBaseSink`) whose bytes go to a ``ByteSinkTarget``: one file for each run between start and EOS.
///
/// The element has a readable and writable `location`, as splitmuxsink expects of its sink.
// GstBaseSink locks itself; `State` belongs to its streaming thread.
package final class ByteSink: Element, @unchecked Sendable {
    package init(target: any ByteSinkTarget) {
        let pointer = g_object_new_with_properties(Self.type, 0, nil, nil)
        guard let pointer else { fatalError("GObject could not make a \(ByteSink.self)") }
        Instance.at(pointer).pointee.state = Retained(State(target: target)).toOpaque()
        super.init(sinking: UnsafeMutableRawPointer(pointer))
    }

    /// What one element keeps.
    private final class State {
        let target: any ByteSinkTarget
        let location = Mutex("")
        // The streaming thread's own: GstBaseSink calls start, render, event and stop one after another.
        var offset: UInt64 = 0
        var isOpen = false

        init(target: any ByteSinkTarget) { self.target = target }

        func close(complete: Bool) {
            guard isOpen else { return }
            isOpen = false
            target.close(complete: complete)
        }
    }

    /// The C instance: GObject allocates it, we use what lies behind the parent.
    private struct Instance {
        var parent: GstBaseSink
        var state: UnsafeMutableRawPointer?

        static func at(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Instance> {
            pointer.assumingMemoryBound(to: Instance.self)
        }
    }

    private static func state(of pointer: UnsafeMutableRawPointer?) -> State? {
        guard let pointer, let state = Instance.at(pointer).pointee.state else { return nil }
        return Retained<State>.value(of: state)
    }

    private static func post(_ refusal: ByteSinkRefusal, _ code: GstResourceError, from sink: UnsafeMutableRawPointer) {
        martlet_element_error(
            sink.assumingMemoryBound(to: GstElement.self),
            code,
            refusal.text,
            refusal.detail,
            #fileID,
            "ByteSink",
            #line
        )
    }

    private static let type = g_type_register_static_simple(
        gst_base_sink_get_type(),
        "MartletByteSink",
        guint(MemoryLayout<GstBaseSinkClass>.size),
        { classPointer, _ in if let classPointer { ByteSink.initialize(class: classPointer) } },
        guint(MemoryLayout<Instance>.size),
        { instance, _ in
            guard let instance else { return }
            let sink = UnsafeMutableRawPointer(instance).assumingMemoryBound(to: GstBaseSink.self)
            gst_base_sink_set_sync(sink, 0)
            // Or the last buffer of a file would be kept until the next one.
            gst_base_sink_set_last_sample_enabled(sink, 0)
        },
        GTypeFlags(rawValue: 0)
    )

    // Set once by GObject before the first instance exists.
    nonisolated(unsafe) private static var parentClass: UnsafeMutablePointer<GstBaseSinkClass>?

    private static func initialize(class pointer: UnsafeMutableRawPointer) {
        parentClass = g_type_class_peek_parent(pointer)?.assumingMemoryBound(to: GstBaseSinkClass.self)
        let elementClass = pointer.assumingMemoryBound(to: GstElementClass.self)
        let template = gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, gst_caps_new_any())
        gst_element_class_add_pad_template(elementClass, template)
        gst_element_class_set_static_metadata(
            elementClass,
            "Martlet chunk sink",
            "Sink/File",
            "Writes a muxer's output into durable files",
            "Martlet"
        )
        initializeObject(pointer.assumingMemoryBound(to: GObjectClass.self))
        initializeStates(pointer.assumingMemoryBound(to: GstBaseSinkClass.self))
        initializeData(pointer.assumingMemoryBound(to: GstBaseSinkClass.self))
    }

    private static func initializeObject(_ objectClass: UnsafeMutablePointer<GObjectClass>) {
        objectClass.pointee.set_property = { object, _, value, _ in
            let text = g_value_get_string(value).map { String(cString: $0) } ?? ""
            ByteSink.state(of: object)?.location.withLock { $0 = text }
        }
        objectClass.pointee.get_property = { object, _, value, _ in
            g_value_set_string(value, ByteSink.state(of: object)?.location.withLock { $0 } ?? "")
        }
        objectClass.pointee.finalize = { object in
            if let object, let state = Instance.at(object).pointee.state { Retained<State>.release(state) }
            ByteSink.parentClass?.pointee.parent_class.parent_class.parent_class.finalize(object)
        }
        g_object_class_install_property(objectClass, 1, martlet_string_property("location"))
    }

    private static func initializeStates(_ sinkClass: UnsafeMutablePointer<GstBaseSinkClass>) {
        sinkClass.pointee.start = { sink in
            guard let sink, let state = ByteSink.state(of: sink) else { return 0 }
            do throws(ByteSinkRefusal) {
                try state.target.open(state.location.withLock { $0 })
            } catch {
                ByteSink.post(error, GST_RESOURCE_ERROR_OPEN_WRITE, from: sink)
                return 0
            }
            state.offset = 0
            state.isOpen = true
            return 1
        }
        sinkClass.pointee.stop = { sink in
            // After EOS nothing is open any more; without one the muxer has not finished the file.
            ByteSink.state(of: sink)?.close(complete: false)
            return 1
        }
        sinkClass.pointee.unlock = { sink in
            ByteSink.state(of: sink)?.target.interrupt(true)
            return 1
        }
        sinkClass.pointee.unlock_stop = { sink in
            ByteSink.state(of: sink)?.target.interrupt(false)
            return 1
        }
    }

    private static func initializeData(_ sinkClass: UnsafeMutablePointer<GstBaseSinkClass>) {
        sinkClass.pointee.render = { sink, buffer in
            guard let sink, let state = ByteSink.state(of: sink), state.isOpen else { return GST_FLOW_ERROR }
            var map = GstMapInfo()
            guard gst_buffer_map(buffer, &map, GST_MAP_READ) != 0 else { return GST_FLOW_ERROR }
            defer { gst_buffer_unmap(buffer, &map) }
            do throws(ByteSinkRefusal) {
                try state.target.write(UnsafeRawBufferPointer(start: map.data, count: Int(map.size)), at: state.offset)
            } catch {
                state.close(complete: false)
                ByteSink.post(error, GST_RESOURCE_ERROR_WRITE, from: sink)
                return GST_FLOW_ERROR
            }
            state.offset += UInt64(map.size)
            return GST_FLOW_OK
        }
        sinkClass.pointee.event = { sink, event in
            if let state = ByteSink.state(of: sink), let event {
                var segment: UnsafePointer<GstSegment>?
                if event.pointee.type == GST_EVENT_SEGMENT {
                    gst_event_parse_segment(event, &segment)
                    if let segment, segment.pointee.format == GST_FORMAT_BYTES {
                        state.offset = UInt64(segment.pointee.start)
                    }
                }
                // Before the parent posts EOS, which lets splitmuxsink go on to the next file.
                if event.pointee.type == GST_EVENT_EOS { state.close(complete: true) }
            }
            return ByteSink.parentClass?.pointee.event(sink, event) ?? 0
        }
        sinkClass.pointee.query = { sink, query in
            guard let query, query.pointee.type == GST_QUERY_SEEKING else {
                return ByteSink.parentClass?.pointee.query(sink, query) ?? 0
            }
            // mp4mux finalises a file only where it can go back.
            gst_query_set_seeking(query, GST_FORMAT_BYTES, 1, 0, -1)
            return 1
        }
    }
}

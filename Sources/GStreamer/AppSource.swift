// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib

/// An `appsrc`: where samples enter a pipeline.
///
/// Pushing never blocks.
package final class AppSource: Element, @unchecked Sendable {  // GstAppSrc locks itself.
    package enum PushResult: Sendable {
        case accepted
        /// The pipeline is stopped or has ended: it takes nothing any more.
        case closed
    }

    /// Queues a sample by reference (`gst_app_src_push_sample`).
    ///
    /// On any thread.
    package func push(_ sample: borrowing Sample) -> PushResult {
        let pointer = sample.pointer
        return withPointer(as: GstAppSrc.self) { gst_app_src_push_sample($0, pointer) } == GST_FLOW_OK
            ? .accepted : .closed
    }

    /// Queues a copy of some bytes, which say themselves what they are.
    ///
    /// On any thread.
    package func push(_ bytes: [UInt8]) -> PushResult {
        guard let buffer = gst_buffer_new_memdup(bytes, gsize(bytes.count)) else { return .closed }
        return withPointer(as: GstAppSrc.self) { gst_app_src_push_buffer($0, buffer) } == GST_FLOW_OK
            ? .accepted : .closed
    }

    /// Bytes that wait in the queue.
    package var queuedBytes: Int { withPointer(as: GstAppSrc.self) { Int(gst_app_src_get_current_level_bytes($0)) } }

    /// Calls `handler` when something behind it asks for a keyframe (`GstForceKeyUnit`), on a streaming thread.
    package func onKeyframeRequest(_ handler: @escaping @Sendable () -> Void) {
        typealias Handler = @Sendable () -> Void
        guard let pad = withPointer(as: GstElement.self, { gst_element_get_static_pad($0, "src") }) else { return }
        gst_pad_add_probe(
            pad,
            GST_PAD_PROBE_TYPE_EVENT_UPSTREAM,
            { _, info, data in
                if let event = gst_pad_probe_info_get_event(info), gst_video_event_is_force_key_unit(event) != 0,
                    let data
                {
                    Retained<Handler>.value(of: data)()
                }
                return GST_PAD_PROBE_OK
            },
            Retained<Handler>(handler).toOpaque(),
            { data in if let data { Retained<Handler>.release(data) } }
        )
        gst_object_unref(pad)
    }

    /// Nothing follows: what is queued still goes through.
    package func endOfStream() {
        withPointer(as: GstAppSrc.self) { _ = gst_app_src_end_of_stream($0) }
    }
}

/// An `appsink`: where samples leave a pipeline.
package final class AppSink: Element, @unchecked Sendable {  // GstAppSink locks itself.
    /// Asks the encoder before it for a keyframe (`GstForceKeyUnit`), with its parameter sets.
    package func requestKeyframe() {
        withPointer(as: GstElement.self) { element in
            guard let pad = gst_element_get_static_pad(element, "sink") else { return }
            gst_pad_push_event(pad, gst_video_event_new_upstream_force_key_unit(.max, 1, 0))
            gst_object_unref(pad)
        }
    }

    /// Calls `handler` with each sample on the streaming thread, which waits for it.
    ///
    /// Called once, before the start.
    package func onSample(_ handler: @escaping @Sendable (borrowing Sample) -> Void) {
        typealias Handler = @Sendable (borrowing Sample) -> Void
        var callbacks = GstAppSinkCallbacks()
        callbacks.new_sample = { sink, data in
            guard let pointer = gst_app_sink_pull_sample(sink), let data else { return GST_FLOW_EOS }
            Retained<Handler>.value(of: data)(Sample(adopting: pointer))
            return GST_FLOW_OK
        }
        withPointer(as: GstAppSink.self) {
            gst_app_sink_set_callbacks(
                $0,
                &callbacks,
                Retained<Handler>(handler).toOpaque(),
                { data in if let data { Retained<Handler>.release(data) } }
            )
        }
    }
}

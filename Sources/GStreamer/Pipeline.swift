// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib

/// A GStreamer pipeline: parsed from a description, run on the process's media clock, watched through its bus.
package final class Pipeline: Bin, @unchecked Sendable {  // GstPipeline locks itself; the bus is made in `init`.
    package enum State: Sendable {
        case null, ready, paused, playing

        fileprivate var value: GstState {
            switch self {
            case .null: GST_STATE_NULL
            case .ready: GST_STATE_READY
            case .paused: GST_STATE_PAUSED
            case .playing: GST_STATE_PLAYING
            }
        }
    }

    /// What the pipeline's elements report.
    package let bus: Bus

    /// Parses a gst-launch description into a pipeline with base time 0 on the monotonic system clock.
    ///
    /// - Throws: ``ParseError`` with GStreamer's own words. `gst_parse_launch` may return a partial pipeline together
    ///   with an error: here an error is an error.
    package init(parsing description: String) throws(ParseError) {
        let pointer = try GStreamer.parse(description, asBin: false)
        // A description of one element yields that element instead of a pipeline.
        if martlet_is_pipeline(pointer) == 0 {
            let pipeline = UnsafeMutableRawPointer(gst_pipeline_new(nil))
            guard let pipeline else { throw ParseError(text: "no pipeline could be made") }
            gst_bin_add(pipeline.assumingMemoryBound(to: GstBin.self), pointer.assumingMemoryBound(to: GstElement.self))
            bus = Bus(of: pipeline)
            super.init(sinking: pipeline)
        } else {
            bus = Bus(of: pointer)
            super.init(sinking: pointer)
        }
        useMediaClock()
    }

    /// Puts the pipeline on the system clock with base time 0, so that running times are the clock's own: see ``ClockTime``.
    func useMediaClock() { GStreamer.useMediaClock(pointer) }

    /// Changes the state on a thread of its own, since a driver or a network may keep an element as long as it likes.
    ///
    /// - Returns: whether the elements agreed; when they did not, the bus says why.
    @discardableResult
    package func setState(_ state: State) async -> Bool {
        await withCheckedContinuation { (waiter: CheckedContinuation<Bool, Never>) in
            StateChange(
                work: { [self] in
                    withPointer(as: GstElement.self) { gst_element_set_state($0, state.value) }
                        != GST_STATE_CHANGE_FAILURE
                },
                done: { waiter.resume(returning: $0) }
            ).start()
        }
    }

    /// A pipeline that is let go of while it runs is stopped first, as GStreamer demands, without anybody waiting for it.
    deinit {
        guard withPointer(as: GstElement.self, { $0.pointee.current_state != GST_STATE_NULL }) else { return }
        let last = Object(retaining: pointer)
        StateChange(
            work: {
                last.withPointer(as: GstElement.self) {
                    gst_element_set_state($0, GST_STATE_NULL) != GST_STATE_CHANGE_FAILURE
                }
            },
            done: { _ in }
        ).start()
    }

    /// Tells the sources to finish: the bus says ``BusMessage/endOfStream`` when every sink has.
    ///
    /// On a thread of its own: a pipeline whose state change hangs would keep the caller as well.
    package func sendEndOfStream() {
        StateChange(
            work: { [self] in withPointer(as: GstElement.self) { gst_element_send_event($0, gst_event_new_eos()) != 0 }
            },
            done: { _ in }
        ).start()
    }
}

/// Puts a `GstPipeline` on the system clock with base time 0.
func useMediaClock(_ pipeline: UnsafeMutableRawPointer) {
    let clock = gst_system_clock_obtain()
    gst_pipeline_use_clock(pipeline.assumingMemoryBound(to: GstPipeline.self), clock)
    gst_object_unref(clock)
    let element = pipeline.assumingMemoryBound(to: GstElement.self)
    // Without this the pipeline would choose a base time anew at each start.
    gst_element_set_start_time(element, .max)
    gst_element_set_base_time(element, 0)
}

/// A state change on a thread of its own.
private struct StateChange: Sendable {
    let work: @Sendable () -> Bool
    /// Told the result once nothing of `work` is held any more.
    let done: @Sendable (Bool) -> Void

    func start() {
        let thread = g_thread_new(
            "state-change",
            { data in
                guard let data else { return nil }
                var change: StateChange? = Retained<StateChange>.value(of: data)
                Retained<StateChange>.release(data)
                let done = change?.done
                let result = change?.work() ?? false
                change = nil
                done?(result)
                return nil
            },
            Retained(self).toOpaque()
        )
        g_thread_unref(thread)
    }
}

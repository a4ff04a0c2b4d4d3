// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib

/// What an RTSP client asked for when it was given a media.
package struct RTSPRequest: Sendable {
    /// The path of the URL, such as `/front-door`.
    package let path: String
    /// The client's own name for itself; empty if it gave none.
    package let userAgent: String
    /// The connection, as ``RTSPLogin/connection`` has it.
    package let connection: UInt
    /// What the client brings; `nil` for one that comes for something.
    package let announcement: SessionDescription?

    init(_ context: UnsafeMutablePointer<GstRTSPContext>?) {
        connection = context?.pointee.client.map { RTSPConnection.number(of: $0) } ?? 0
        announcement = context?.pointee.method == GST_RTSP_ANNOUNCE ? SessionDescription(context?.pointee.request) : nil
        path = context?.pointee.uri.flatMap { $0.pointee.abspath }.map { String(cString: $0) } ?? ""
        var value: UnsafeMutablePointer<gchar>?
        if let request = context?.pointee.request {
            gst_rtsp_message_get_header(request, GST_RTSP_HDR_USER_AGENT, &value, 0)
        }
        userAgent = value.map { String(cString: $0) } ?? ""
    }
}

/// Makes the bin behind one mount point of an RTSP server, anew for each client (`GstRTSPMediaFactory`).
package final class RTSPMediaFactory: Object, @unchecked Sendable {  // The server and its threads lock it.
    /// What the factory calls on the server's thread.
    package struct Callbacks: Sendable {
        /// A bin with a payloader `pay0`, or for an announcement one with a `depay0`, `depay1` … for each of its streams;
        /// `nil` turns the client away.
        package let makeBin: @Sendable (RTSPRequest) -> Bin?
        /// The bin is in its pipeline, on the media clock, and about to start.
        package let started: @Sendable (Bin, RTSPRequest) -> Void
        /// The client is gone and the bin stopped.
        package let stopped: @Sendable (Bin) -> Void
        /// What the clock that gives the times of capture is worth (`a=martlet-clock:…`); `nil` says nothing.
        package let clockAttribute: @Sendable () -> String?

        package init(
            makeBin: @escaping @Sendable (RTSPRequest) -> Bin?,
            started: @escaping @Sendable (Bin, RTSPRequest) -> Void,
            stopped: @escaping @Sendable (Bin) -> Void,
            clockAttribute: @escaping @Sendable () -> String? = { nil }
        ) {
            (self.makeBin, self.started, self.stopped) = (makeBin, started, stopped)
            self.clockAttribute = clockAttribute
        }
    }

    package init(_ callbacks: Callbacks) {
        guard let pointer = g_object_new_with_properties(Self.type, 0, nil, nil) else {
            fatalError("GObject could not make a \(RTSPMediaFactory.self)")
        }
        let raw = UnsafeMutableRawPointer(pointer)
        Instance.at(raw).pointee.callbacks = Retained(callbacks).toOpaque()
        super.init(adopting: raw)
        withPointer(as: GstRTSPMediaFactory.self) { factory in
            // Not shared: each client gets a payloader of its own, begins with a keyframe at once, and hurts nobody.
            gst_rtsp_media_factory_set_shared(factory, 0)
            gst_rtsp_media_factory_set_suspend_mode(factory, GST_RTSP_SUSPEND_MODE_NONE)
            gst_rtsp_media_factory_set_latency(factory, 0)
            gst_rtsp_media_factory_set_media_gtype(factory, RTSPMedia.type)
            gst_rtsp_media_factory_set_protocols(
                factory,
                GstRTSPLowerTrans(rawValue: GST_RTSP_LOWER_TRANS_UDP.rawValue | GST_RTSP_LOWER_TRANS_TCP.rawValue)
            )
        }
        connect("media-configure") { arguments in
            if let media = arguments.object(0) { Self.configure(media, callbacks) }
            return nil
        }
    }

    private static func configure(_ media: UnsafeMutableRawPointer, _ callbacks: Callbacks) {
        RTSPMedia.setClockAttribute(callbacks.clockAttribute, of: media)
        let element = gst_rtsp_media_get_element(media.assumingMemoryBound(to: GstRTSPMedia.self))
        guard let element else { return }
        let request = RTSPRequest(gst_rtsp_context_get_current())
        if request.announcement != nil {
            // Set by the factory for all that it makes, whether they send or receive.
            gst_rtsp_media_set_transport_mode(
                media.assumingMemoryBound(to: GstRTSPMedia.self),
                GST_RTSP_TRANSPORT_MODE_RECORD
            )
        }
        let bin = Bin(adopting: UnsafeMutableRawPointer(element))
        let clock = gst_system_clock_obtain()
        gst_rtsp_media_set_clock(media.assumingMemoryBound(to: GstRTSPMedia.self), clock)
        gst_object_unref(clock)
        if let parent = gst_object_get_parent(UnsafeMutableRawPointer(element).assumingMemoryBound(to: GstObject.self))
        {
            GStreamer.useMediaClock(UnsafeMutableRawPointer(parent))
            sendAtOnce(Object(retaining: UnsafeMutableRawPointer(parent)))
            gst_object_unref(parent)
        }
        callbacks.started(bin, request)
        // The connection ends with the media, so the bin is kept no longer than it is.
        Object(retaining: media).connect("unprepared") { _ in
            callbacks.stopped(bin)
            return nil
        }
    }

    /// Has what sends hold back no frame until its time comes.
    ///
    /// What is live is sent as it comes. A received camera's times begin with when its first frame arrived, and that is a
    /// large one: those after it come sooner, and would wait for as long as it was late, all through the run. The sinks'
    /// `sync` is no use, since the server switches that on with each PLAY.
    private static func sendAtOnce(_ pipeline: Object) {
        pipeline.connect("deep-element-added") { arguments in
            guard let element = arguments.object(1),
                g_type_is_a(martlet_object_type(element), gst_base_sink_get_type()) != 0
            else { return nil }
            gst_base_sink_set_ts_offset(element.assumingMemoryBound(to: GstBaseSink.self), -longestLead)
            return nil
        }
    }

    /// Far more than a frame can come before its time, in nanoseconds.
    private static let longestLead: GstClockTimeDiff = 3_600_000_000_000

    private struct Instance {
        var parent: GstRTSPMediaFactory
        var callbacks: UnsafeMutableRawPointer?

        static func at(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Instance> {
            pointer.assumingMemoryBound(to: Instance.self)
        }
    }

    private static let type = g_type_register_static_simple(
        gst_rtsp_media_factory_get_type(),
        "MartletRTSPMediaFactory",
        guint(MemoryLayout<GstRTSPMediaFactoryClass>.size),
        { classPointer, _ in
            guard let classPointer else { return }
            parentClass = g_type_class_peek_parent(classPointer)?.assumingMemoryBound(to: GstRTSPMediaFactoryClass.self)
            let factoryClass = classPointer.assumingMemoryBound(to: GstRTSPMediaFactoryClass.self)
            factoryClass.pointee.create_element = { factory, _ in
                guard let factory, let callbacks = Instance.at(factory).pointee.callbacks,
                    let bin = Retained<Callbacks>.value(of: callbacks).makeBin(
                        RTSPRequest(gst_rtsp_context_get_current())
                    )
                else { return nil }
                // The caller sinks a floating reference, so one of ours is handed over as such.
                return bin.withPointer(as: GstElement.self) { element in
                    g_object_force_floating(g_object_ref(element).assumingMemoryBound(to: GObject.self))
                    return element
                }
            }
            factoryClass.pointee.parent_class.finalize = { object in
                if let object, let callbacks = Instance.at(object).pointee.callbacks {
                    Retained<Callbacks>.release(callbacks)
                }
                parentClass?.pointee.parent_class.finalize(object)
            }
        },
        guint(MemoryLayout<Instance>.size),
        nil,
        GTypeFlags(rawValue: 0)
    )

    // Set once by GObject before the first instance exists.
    nonisolated(unsafe) private static var parentClass: UnsafeMutablePointer<GstRTSPMediaFactoryClass>?
}

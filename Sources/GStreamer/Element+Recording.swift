// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib

// What an `rtspclientsink` is told while it prepares, and a description cannot say.
extension Element {
    /// Has its sender reports tell when each frame was captured, its session description what the clock behind that is
    /// worth (`a=martlet-clock:…`), and its payloader repeat the parameter sets once a second.
    package final func prepareToRecord(clock: @escaping @Sendable () -> String?) {
        // When the server hangs up it would connect anew on one thread while another still writes to the former connection,
        // which is gone by then (1.22, 1.26: `gst_rtsp_conninfo_reconnect`).
        Element.attempt { () throws(PropertyError) in try set("udp-reconnect", to: false) }
        connect("new-manager") { arguments in
            guard let manager = arguments.object(0) else { return nil }
            Element.attempt { () throws(PropertyError) in
                try Object(retaining: manager).set("rtcp-sync-send-time", to: false)
            }
            return nil
        }
        connect("new-payloader") { arguments in
            guard let pointer = arguments.object(0) else { return nil }
            let payloader = Element(retaining: pointer)
            Element.attempt { () throws(PropertyError) in try payloader.set("config-interval", to: 1) }
            Element.attempt { () throws(PropertyError) in
                try payloader.set("aggregate-mode", fromText: "zero-latency")
            }
            return nil
        }
        connect("update-sdp") { arguments in
            guard let sdp = arguments.boxed(0)?.assumingMemoryBound(to: GstSDPMessage.self), let value = clock() else {
                return nil
            }
            RTSPMedia.addClock(value, to: sdp)
            return nil
        }
    }

    private static func attempt(_ body: () throws(PropertyError) -> Void) {
        do throws(PropertyError) { try body() } catch { Log.warning("\(error)") }
    }
}

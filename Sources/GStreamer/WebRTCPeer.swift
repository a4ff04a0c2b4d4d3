// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib
internal import Synchronization

/// The other end of a WebRTC connection that a browser has offered (`webrtcbin`, in a pipeline of its own).
package final class WebRTCPeer: Sendable {
    /// How the connection is (`GstWebRTCPeerConnectionState`).
    package enum State: Int32, Sendable {
        case new, connecting, connected, disconnected, failed, closed
    }

    /// Why there is no connection, in words for the user.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// How the connection is, as it changes; for one reader.
    package let states: AsyncStream<State>
    private let pipeline: Pipeline
    private let bin: Element
    private let gathered: AsyncStream<Void>
    private static let gatheringLimit = Duration.seconds(2)

    /// Of a pipeline that has a `webrtcbin` of this name.
    package init?(_ pipeline: Pipeline, named name: String) {
        guard let bin = pipeline.element(named: name) else { return nil }
        (self.pipeline, self.bin) = (pipeline, bin)
        Self.sendAtOnce(pipeline)
        martlet_webrtc_disable_upnp(bin.pointer)
        martlet_webrtc_retransmit(bin.pointer)
        let (states, post) = AsyncStream.makeStream(of: State.self)
        let (gathered, note) = AsyncStream.makeStream(of: Void.self)
        (self.states, self.gathered) = (states, gathered)
        // Weakly: a connection that is part of the element would keep it alive.
        bin.connect("notify::connection-state") { [weak bin] _ in
            guard let bin else { return nil }
            if let state = State(rawValue: martlet_enum_property(bin.pointer, "connection-state")) { post.yield(state) }
            return nil
        }
        bin.connect("notify::ice-gathering-state") { [weak bin] _ in
            guard let bin else { return nil }
            let state = martlet_enum_property(bin.pointer, "ice-gathering-state")
            if state == Int32(GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE.rawValue) { note.finish() }
            return nil
        }
    }

    /// Has nothing hold back a frame until its time comes: what is live is sent as it comes.
    ///
    /// A received camera's times begin with when its first frame arrived. Where that was late, all after it would wait for as
    /// long, all through the run.
    private static func sendAtOnce(_ pipeline: Pipeline) {
        pipeline.connect("deep-element-added") { arguments in
            guard let pointer = arguments.object(1) else { return nil }
            let element = Element(retaining: pointer)
            guard element.factoryName == "clocksync" else { return nil }
            do throws(PropertyError) { try element.set("sync", to: false) } catch {
                Log.warning("WebRTC may be late: \(error)")
            }
            return nil
        }
    }

    /// Has what the first connection of a process costs be done before it comes: plugins are loaded, and DTLS makes its key, which
    /// takes a small machine seconds.
    ///
    /// On a thread of its own, and once.
    package static func prepare() { _ = preparation }

    private static let preparation: Void = DetachedThread.start("webrtc") {
        for factory in ["dtlsdec", "dtlsenc", "srtpdec", "srtpenc", "nicesink", "webrtcbin", "rtph264pay"] {
            guard let element = gst_element_factory_make(factory, nil) else { continue }
            gst_object_unref(gst_object_ref_sink(element))
        }
    }

    /// Answers an offer (SDP); the pipeline runs already.
    ///
    /// With all candidates in it: a WHEP client need not be told of any more.
    package func answer(_ offer: String) async throws(Failure) -> String {
        var message: UnsafeMutablePointer<GstSDPMessage>?
        guard gst_sdp_message_new_from_text(offer, &message) == GST_SDP_OK, let message else {
            throw Failure(description: "the offer is no session description")
        }
        guard let remote = gst_webrtc_session_description_new(GST_WEBRTC_SDP_TYPE_OFFER, message) else {
            throw Failure(description: "the offer is no session description")
        }
        await Promise.kept { martlet_webrtc_set_description(self.bin.pointer, 1, remote, $0) }
        gst_webrtc_session_description_free(remote)
        let made = await Promise.kept { martlet_webrtc_create_answer(self.bin.pointer, $0) }
        guard let local = made.answer else {
            throw Failure(description: "the offer has no H.264 video that could be sent")
        }
        await Promise.kept { martlet_webrtc_set_description(self.bin.pointer, 0, local, $0) }
        gst_webrtc_session_description_free(local)
        await waitForCandidates()
        guard let full = martlet_webrtc_local_description(bin.pointer),
            let text = gst_sdp_message_as_text(full.pointee.sdp)
        else {
            throw Failure(description: "there is no answer to the offer")
        }
        defer {
            g_free(text)
            gst_webrtc_session_description_free(full)
        }
        return String(cString: text)
    }

    private func waitForCandidates() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [gathered] in for await _ in gathered {} }
            group.addTask {
                // Cancelled when all are there; a network that is slow to tell has told the nearest.
                do { try await Task.sleep(for: Self.gatheringLimit) } catch { return }
            }
            await group.next()
            group.cancelAll()
        }
    }
}

/// A `GstPromise` that has been kept.
private final class Promise: @unchecked Sendable {  // Counts references atomically, and does not change any more.
    private let pointer: UnsafeMutablePointer<GstPromise>

    private init(adopting pointer: UnsafeMutablePointer<GstPromise>) { self.pointer = pointer }

    deinit { gst_promise_unref(pointer) }

    /// What it brings, if that is an answer; the caller frees it.
    var answer: UnsafeMutablePointer<GstWebRTCSessionDescription>? { martlet_webrtc_answer(pointer) }

    /// Makes one, gives it to `start`, and waits until it is kept.
    @discardableResult
    static func kept(_ start: (UnsafeMutablePointer<GstPromise>) -> Void) async -> Promise {
        typealias Waiter = CheckedContinuation<Promise, Never>
        return await withCheckedContinuation { (waiter: Waiter) in
            let promise = gst_promise_new_with_change_func(
                { promise, data in
                    guard let promise, let data else { return }
                    let waiter = Retained<Waiter>.value(of: data)
                    Retained<Waiter>.release(data)
                    waiter.resume(returning: Promise(adopting: promise))
                },
                Retained<Waiter>(waiter).toOpaque(),
                nil
            )
            if let promise { start(promise) }
        }
    }
}

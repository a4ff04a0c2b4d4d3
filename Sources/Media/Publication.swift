// SPDX-License-Identifier: Apache-2.0
internal import GStreamer
internal import Synchronization

/// The place that one connection at a time may take to bring a camera's stream.
final class Publication: SourcePipeline {
    /// The connection that brings the stream.
    struct Publisher: Sendable {
        let connection: UInt
        /// What it says of its clock.
        let senderClock: SenderClock
        let cut: @Sendable () -> Void
        let since = ClockTime.now
        var lastFrame: ClockTime?
    }

    let messages: AsyncStream<BusMessage>
    private let post: AsyncStream<BusMessage>.Continuation
    private let state = Mutex(State())

    private struct State {
        var isOpen = false
        var publisher: Publisher?
        var handler: (@Sendable (borrowing Sample) -> Void)?
    }

    /// A camera whose Wi-Fi broke comes back before its former connection has ended: one that has brought nothing for so
    /// long gives way to it.
    private let silence: Duration
    /// Whoever announces a stream and sends none for so long does not keep the place.
    private let patience: Duration

    init(silence: Duration = .seconds(2), patience: Duration = .seconds(5)) {
        (self.silence, self.patience) = (silence, patience)
        (messages, post) = AsyncStream.makeStream(of: BusMessage.self, bufferingPolicy: .bufferingOldest(16))
    }

    var senderClock: SenderClock { state.withLock { $0.publisher?.senderClock ?? .unknown } }

    /// 200, or why not: 455 while another brings the stream, 503 if it is worth coming back at once.
    func claim(_ new: Publisher) -> RTSPStatus {
        var isFirst = false
        let status = state.withLock { state in
            guard state.isOpen else { return RTSPStatus.serviceUnavailable }
            if let present = state.publisher, present.connection != new.connection {
                guard new.since - (present.lastFrame ?? present.since) > silence else {
                    return .notValidInThisState
                }
                state.isOpen = false
                post.yield(.error(source: "", text: "the camera comes on another connection", detail: ""))
                return .serviceUnavailable
            }
            isFirst = state.publisher == nil
            state.publisher = new
            return .ok
        }
        if status == .ok, isFirst { expire(new.connection) }
        return status
    }

    private func expire(_ connection: UInt) {
        Task { [weak self, patience] in
            do { try await Task.sleep(for: patience) } catch { return }
            guard let publisher = self?.state.withLock({ $0.publisher }), publisher.connection == connection,
                publisher.lastFrame == nil
            else { return }
            self?.leave(connection)
            publisher.cut()
        }
    }

    func take(_ sample: borrowing Sample, from connection: UInt) {
        let handler = state.withLock { state -> (@Sendable (borrowing Sample) -> Void)? in
            guard state.isOpen, state.publisher?.connection == connection else { return nil }
            state.publisher?.lastFrame = .now
            return state.handler
        }
        handler?(sample)
    }

    /// The connection has ended, or has to make room.
    func leave(_ connection: UInt) {
        state.withLock { state in
            guard let publisher = state.publisher, publisher.connection == connection else { return }
            state.publisher = nil
            // Whoever brought nothing leaves no gap behind.
            guard publisher.lastFrame != nil else { return }
            state.isOpen = false
            post.yield(.error(source: "", text: "the camera's connection ended", detail: ""))
        }
    }

    // MARK: What its runner does

    func onFrame(_ handler: @escaping @Sendable (borrowing Sample) -> Void) {
        state.withLock { $0.handler = handler }
    }

    func requestKeyframe() {}

    func start() async { state.withLock { $0.isOpen = true } }

    func finish() { post.yield(.endOfStream) }

    func stop() async {
        let publisher = state.withLock { state in
            (state.isOpen, state.handler) = (false, nil)
            defer { state.publisher = nil }
            return state.publisher
        }
        publisher?.cut()
        post.finish()
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Dispatch
internal import Footage
internal import GLib
internal import GStreamer
internal import RTP
internal import Synchronization

/// A stream that comes interleaved with its RTSP conversation (RFC 2326, 10.12), without a pipeline: what is received goes
/// from the socket into the feed, on the one thread that reads for all cameras.
///
/// It does what `rtspsrc` with a depayloader and a parser does for a stream over TCP, at a fraction of what that costs. For
/// what it does not do it says so, and ``Receiver`` takes `rtspsrc` instead.
final class InterleavedReceiver: SourcePipeline {
    /// What the camera has to offer, to somebody who knows what is wanted of it.
    typealias Choose = @Sendable (SessionDescription) -> (stream: Int, codec: VideoCodec)?

    /// What makes one.
    struct Settings: Sendable {
        let url: String
        let login: (user: String, password: String)?
        /// Whether another server may be told who we are.
        let mayRedirect: Bool
        let accepts: @Sendable (TLSCertificate) -> Bool
    }

    let messages: AsyncStream<BusMessage>
    private let post: AsyncStream<BusMessage>.Continuation
    private let settings: Settings
    private let choose: Choose
    /// Told where the server wants to send us, if we may not go.
    private let redirected: @Sendable (String) -> Void
    /// Told what the server does that is not done here.
    private let unsupported: @Sendable (String) -> Void
    /// Requests wait for their answers here.
    private let queue = DispatchQueue(label: "rtsp-conversation")
    private let state = Mutex(State())

    private struct State {
        var handler: (@Sendable (borrowing Sample) -> Void)?
        var conversation: RTSPConversation?
        var connection: Connection?
        var place: InterleavedReader.Place?
        /// What is asked of while the stream lasts.
        var keepAlive: (method: RTSPConversation.Method, url: String)?
        var isWatched = false
        var isOver = false
        /// A server may ask once for each time that it is told something; whoever asks again does not believe us.
        var mayBeChallenged = false
    }

    /// Who reports what goes wrong.
    static let source = "receiver"
    /// What is said when there is nothing to receive.
    static let nothing = "no stream was chosen"
    private static let timeout = Duration.seconds(4)
    private static let longestRedirection = 3

    init(
        _ settings: Settings,
        choose: @escaping Choose,
        redirected: @escaping @Sendable (String) -> Void,
        unsupported: @escaping @Sendable (String) -> Void
    ) {
        (self.settings, self.choose, self.redirected, self.unsupported) = (settings, choose, redirected, unsupported)
        (messages, post) = AsyncStream.makeStream(of: BusMessage.self, bufferingPolicy: .bufferingOldest(16))
    }

    func onFrame(_ handler: @escaping @Sendable (borrowing Sample) -> Void) {
        state.withLock { $0.handler = handler }
    }

    func requestKeyframe() {}

    func setWatched(_ isWatched: Bool) {
        let (connection, place) = state.withLock { state in
            state.isWatched = isWatched
            return (state.connection, state.place)
        }
        connection?.setWatched(isWatched)
        place?.update()
    }

    // MARK: The conversation, on its queue

    func start() async {
        await withCheckedContinuation { waiter in
            queue.async { [self] in
                begin()
                waiter.resume()
            }
        }
    }

    /// Why there is no stream.
    private enum Trouble: Error {
        case conversation(RTSPConversation.Failure)
        /// The server said no.
        case refused(String)
        case unsupported(String)
        /// There is nothing for us, which has been told already.
        case nothingChosen
    }

    private func begin() {
        do throws(Trouble) { try converse() } catch {
            switch error {
            case .conversation(.interrupted): break
            case .conversation(.notConnected): fail("Could not open resource for reading.", detail: "Failed to connect")
            case .conversation(.broken(let words)), .refused(let words): fail(words)
            case .unsupported(let what):
                unsupported(what)
                fail(what)
            case .nothingChosen: fail(Self.nothing)
            }
        }
    }

    private func fail(_ text: String, detail: String = "") {
        post.yield(.error(source: Self.source, text: text, detail: detail))
    }

    private func converse() throws(Trouble) {
        var url = settings.url
        for _ in 0...Self.longestRedirection {
            let talk = try connect(url)
            let base = RTSPConversation.requestAddress(url)
            let options = try ask(talk, .options, base)
            let answer = try ask(talk, .describe, base, [("Accept", "application/sdp")])
            if (300..<400).contains(answer.status), let other = answer.header("location") {
                guard settings.mayRedirect else {
                    redirected(other)
                    throw .nothingChosen
                }
                url = other
                continue
            }
            guard answer.status == 200 else { throw .refused(answer.reason) }
            guard let description = answer.description else { throw .unsupported("its description cannot be read") }
            guard let chosen = choose(description) else { throw .nothingChosen }
            let sends = options.header("public") ?? ""
            let root = answer.header("content-base") ?? answer.header("content-location") ?? base
            try play(talk, description, chosen, root, sends)
            return
        }
        throw .refused("the server sends from one address to the next")
    }

    private func connect(_ url: String) throws(Trouble) -> RTSPConversation {
        do throws(RTSPConversation.Failure) {
            let talk = try RTSPConversation(
                url: url,
                userAgent: "Martlet store",
                login: settings.login,
                timeout: Self.timeout,
                accepts: settings.accepts
            )
            let isOver = state.withLock { state in
                state.conversation = talk
                return state.isOver
            }
            if isOver { throw .interrupted }
            try talk.connect()
            return talk
        } catch { throw .conversation(error) }
    }

    private func ask(
        _ talk: RTSPConversation,
        _ method: RTSPConversation.Method,
        _ url: String,
        _ headers: [(String, String)] = []
    ) throws(Trouble) -> RTSPConversation.Answer {
        do throws(RTSPConversation.Failure) { return try talk.ask(method, url, headers) } catch {
            throw .conversation(error)
        }
    }

    private func play(
        _ talk: RTSPConversation,
        _ description: SessionDescription,
        _ chosen: (stream: Int, codec: VideoCodec),
        _ base: String,
        _ sends: String
    ) throws(Trouble) {
        let stream = description.streams[chosen.stream]
        guard stream.parameters["packetization-mode"] != "2" else {
            throw .unsupported("packets in another order (packetization-mode 2)")
        }
        guard stream.clockRate >= 1000 else { throw .unsupported("timestamps without a clock rate") }
        let address = RTSPConversation.address(of: stream.attributes["control"], below: base)
        let transport = ("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")
        let setup = try ask(talk, .setup, address, [transport])
        guard setup.status == 200 else {
            throw setup.status == 461 ? .refused("No supported stream was found") : .refused(setup.reason)
        }
        let channels = Self.channels(setup.header("transport") ?? "")
        guard let channels else { throw .unsupported("a transport that was not asked for") }
        let intake = InterleavedIntake(stream, chosen.codec, channels: channels)
        let whole = RTSPConversation.address(of: description.control, below: base)
        let started = try ask(talk, .play, whole, [("Range", "npt=0.000-")])
        guard started.status == 200 else { throw .refused(started.reason) }
        let alive = sends.uppercased().contains("GET_PARAMETER") ? RTSPConversation.Method.getParameter : .options
        receive(talk, intake, keepAlive: (alive, whole))
    }

    /// The numbers of the packets and of the reports that go with them; `nil` if they come another way.
    private static func channels(_ transport: String) -> (packets: UInt8, reports: UInt8)? {
        let parts = transport.split(separator: ";").map { $0.lowercased().filter { $0 != " " } }
        guard parts.first?.hasSuffix("/tcp") == true else { return nil }
        guard let value = parts.first(where: { $0.hasPrefix("interleaved=") })?.dropFirst("interleaved=".count) else {
            return (0, 1)
        }
        let numbers = value.split(separator: "-").compactMap { UInt8($0) }
        guard let first = numbers.first, first < 255 else { return nil }
        return (first, numbers.count > 1 ? numbers[1] : first + 1)
    }

    private func receive(
        _ talk: RTSPConversation,
        _ intake: InterleavedIntake,
        keepAlive: (method: RTSPConversation.Method, url: String)
    ) {
        // There is none if it is over already.
        guard let handler = state.withLock({ $0.handler }) else { return }
        let connection = Connection(talk, intake, pass: handler) { [weak self] event in self?.heard(event) }
        // What came before the answer to PLAY.
        let early = talk.takeEarly()
        guard early.withUnsafeBytes({ connection.take($0) }) else { return }
        do throws(FileError) {
            let isOver = try state.withLock { (state) throws(FileError) -> Bool in
                if state.isOver { return true }
                connection.setWatched(state.isWatched)
                state.place = try InterleavedReader.shared.add(connection)
                (state.keepAlive, state.connection) = (keepAlive, connection)
                return false
            }
            if !isOver { scheduleKeepAlive(talk) }
        } catch { fail("\(error)") }
    }

    private func heard(_ event: Connection.Event) {
        switch event {
        case .ended(let words): fail(words)
        case .unsupported(let what):
            unsupported(what)
            fail(what)
        case .lost(let packets, let of):
            let text = "\(packets) packets of \(of) did not come"
            post.yield(.warning(source: Self.source, text: text, detail: ""))
        case .challenged(let head):
            let isAnswered = state.withLock { state in
                defer { state.mayBeChallenged = false }
                return state.mayBeChallenged
            }
            guard isAnswered else { return }
            queue.async { [self] in
                guard let (talk, alive) = playing, talk.renewLogin(head) else { return }
                tell(talk, alive.method, alive.url)
            }
        }
    }

    private var playing: (RTSPConversation, (method: RTSPConversation.Method, url: String))? {
        state.withLock { state in
            guard !state.isOver, let talk = state.conversation, let alive = state.keepAlive else { return nil }
            return (talk, alive)
        }
    }

    private func scheduleKeepAlive(_ talk: RTSPConversation) {
        let seconds = max(talk.untilKeepAlive / .seconds(1), Self.leastKeepAlive)
        queue.asyncAfter(deadline: .now() + seconds) { [weak self] in
            guard let self, let (talk, alive) = playing else { return }
            state.withLock { $0.mayBeChallenged = true }
            tell(talk, alive.method, alive.url)
            scheduleKeepAlive(talk)
        }
    }

    /// A server that wants to hear from us all the time does not.
    private static let leastKeepAlive = 0.5

    private func tell(_ talk: RTSPConversation, _ method: RTSPConversation.Method, _ url: String) {
        do throws(RTSPConversation.Failure) { try talk.tell(method, url) } catch {
            // A connection that takes nothing any more: the reader hears of its end, or no frame comes.
            Log.debug("the server could not be told \(method): \(error)")
        }
    }

    // MARK: The end

    func finish() {
        let place = state.withLock { $0.place }
        queue.async { [post] in
            // What has come is still wanted.
            place?.drain()
            post.yield(.endOfStream)
        }
    }

    func stop() async {
        let (place, talk, alive) = state.withLock { state in
            state.isOver = true
            defer { (state.handler, state.conversation, state.connection, state.place) = (nil, nil, nil, nil) }
            return (state.place, state.conversation, state.keepAlive)
        }
        place?.remove()
        // In the middle of a conversation it ends at once; else it is said that it ends.
        if alive == nil { talk?.interrupt() }
        queue.async { [self] in
            if let talk, let alive { tell(talk, .teardown, alive.url) }
            // Here, since the end of an encrypted connection waits for the other end.
            talk?.close()
        }
        post.finish()
    }

    /// What the reading thread has of it.
    // `intake` is the one's that reads, of which there is one at a time.
    private final class Connection: InterleavedReader.Connection, @unchecked Sendable {
        enum Event: Sendable {
            case ended(String)
            case unsupported(String)
            /// Packets that did not come, of so many.
            case lost(Int, of: Int)
            /// The server wants to know again who we are.
            case challenged(String)
        }

        private let conversation: RTSPConversation
        private var intake: InterleavedIntake
        private let pass: @Sendable (borrowing Sample) -> Void
        private let report: @Sendable (Event) -> Void
        /// Whether what is read next may have waited.
        private var mayHaveWaited = false
        private let isWatched = Atomic<Bool>(false)
        private let isSettled = Atomic<Bool>(false)

        /// One that sends without end is not read without end: others wait.
        private static let turn = 8

        init(
            _ conversation: RTSPConversation,
            _ intake: InterleavedIntake,
            pass: @escaping @Sendable (borrowing Sample) -> Void,
            report: @escaping @Sendable (Event) -> Void
        ) {
            (self.conversation, self.intake, self.pass, self.report) = (conversation, intake, pass, report)
        }

        var descriptor: Int32 { conversation.descriptor }

        var isPatient: Bool {
            isSettled.load(ordering: .sequentiallyConsistent) && !isWatched.load(ordering: .sequentiallyConsistent)
        }

        func setWatched(_ watched: Bool) { isWatched.store(watched, ordering: .sequentiallyConsistent) }

        func read(into buffer: UnsafeMutableRawBufferPointer) -> Bool {
            defer { mayHaveWaited = isPatient }
            for _ in 0..<Self.turn {
                switch conversation.read(into: buffer) {
                case .nothing: return true
                case .ended(let words):
                    report(.ended(words))
                    return false
                case .bytes(let count):
                    guard take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return false }
                    // A socket that did not fill the buffer is empty; TLS hands over record by record.
                    if count < buffer.count, !conversation.isEncrypted { return true }
                }
            }
            return true
        }

        /// Returns whether there will be more.
        func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
            let outcome = intake.take(bytes, isPrompt: !mayHaveWaited, pass)
            isSettled.store(intake.isSettled, ordering: .sequentiallyConsistent)
            if let head = outcome.challenge { report(.challenged(head)) }
            if let lost = outcome.lost { report(.lost(lost.packets, of: lost.of)) }
            switch outcome.trouble {
            case .unsupported(let what): report(.unsupported(what))
            case .malformed(let words): report(.ended(words))
            case nil: return true
            }
            return false
        }
    }
}

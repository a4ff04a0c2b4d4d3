// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Configuration
internal import Footage
internal import GLib
internal import GStreamer
internal import Glibc
internal import Media
internal import Serving
internal import Transfer
internal import Web

/// The life of a daemon of either role: cameras run as the configuration says until a signal comes, then end in good
/// order.
@MainLoop final class Daemon {
    /// systemd's patience and ours: stopping takes less than ten seconds, whatever hangs.
    private nonisolated static let stopLimit = Duration.seconds(9)

    /// A store that opens in so long is open before the first frame; one that takes longer holds up nobody's live view.
    private static let openingLimit = Duration.seconds(2)

    /// A runner that has not looked after its camera for so long hangs.
    private static let lookLimit = Duration.seconds(10)

    private enum Event: Sendable {
        case signal(Int32)
        /// What no waiting mends.
        case failure(any Error, of: RecordingDirectory)
        /// New pipelines do not bring a camera back.
        case stuck(String)
    }

    let role: Configuration.Role
    let configuration: LiveConfiguration
    let cameras: RunningCameras
    let started = UTCTime.now
    let access: AccessWatch
    let certificate: CertificateWatch
    private let control: Control
    private let runtime: RuntimeDirectory
    /// That of the start.
    private let firstDirectory: RecordingDirectory
    private let events: AsyncStream<Event>
    private let post: AsyncStream<Event>.Continuation
    private(set) var web: RunningWeb?
    let uploads: Uploads
    let intake: Intake
    private var led: StatusLED?
    /// What a store that this machine goes to asks, by camera.
    private var cardAnswers: [String: CardAnswers] = [:]
    /// How the machine was when it was last looked at.
    var health: (time: ClockTime, found: Health)?
    /// What the disk says for the status: asked once at a time, however many ask.
    var figures: (reading: Task<Void, Never>?, found: Result<Figures, any Error>?)

    /// Runs a role until SIGTERM or SIGINT; SIGHUP has the configuration read again.
    static func run(_ role: Configuration.Role, _ arguments: Arguments, _ terminal: Terminal) async -> ExitStatus {
        Log.start()
        let loaded: Loaded
        switch arguments.loadConfiguration(requiring: role, terminal) {
        case .success(let found): loaded = found
        case .failure(let failure): return failure.status
        }
        let library = PipelineLibrary.standard()
        guard let plan = loaded.configuration.flatMap({ Plan($0, role: role, library: library) }) else { return .wrong }
        Library.start()
        let path = arguments.configurationPath
        let configuration = LiveConfiguration(path: path, loaded, role: role, library: library)
        do {
            let access = await AccessWatch(loaded.configuration?.access)
            let certificate = CertificateWatch(directory: access.directory)
            let daemon = try Daemon(plan, configuration, library, access, certificate)
            return await daemon.run()
        } catch {
            Log.error("\(error)")
            return .wrong
        }
    }

    private init(
        _ plan: Plan,
        _ configuration: LiveConfiguration,
        _ library: PipelineLibrary,
        _ access: AccessWatch,
        _ certificate: CertificateWatch
    ) throws(RTSPService.Failure) {
        (self.access, self.certificate) = (access, certificate)
        (role, self.configuration) = (configuration.role, configuration)
        let (events, post) = AsyncStream.makeStream(of: Event.self)
        (self.events, self.post) = (events, post)
        runtime = RuntimeDirectory.standard
        let control = Control(role: role, configuration: configuration.path)
        self.control = control
        cameras = try RunningCameras(
            plan,
            library: library,
            runtime: runtime,
            access: RTSPAccess(access.guests) { name, password in
                Task { await access.renewHash(of: name, password: password) }
            },
            certificate: certificate.current,
            prepare: { directory in
                await Self.open(directory, control) { post.yield(.failure($0, of: directory)) }
            },
            escalate: { post.yield(.stuck($0)) }
        )
        firstDirectory = cameras.directory
        let cameras = cameras
        uploads = Uploads { cameras.directory }
        intake = Intake(library: library) { cameras.directory }
    }

    /// Every chunk is complete, durable and in the index when this returns.
    private func run() async -> ExitStatus {
        let plan = cameras.plan
        let path = role == .camera ? plan.cameras.first?.name ?? "" : "CAMERA"
        let what = role == .camera ? "camera \(path)" : "store of \(plan.cameras.count.counted("camera"))"
        Log.notice("\(what), martlet \(Martlet.version), \(Library.version): rtsp://\(plan.rtsp)/\(path)")
        if access.guests.isEmpty {
            Log.notice(
                "nobody but this machine is served: there is neither user nor token yet, see 'martlet user --help'"
            )
        }
        let signals = UnixSignal.stream(of: [SIGTERM, SIGINT, SIGHUP])
        // Further signals change nothing: only the first ending counts, and their default action stays taken away.
        let listening = Task {
            for await signal in signals {
                if signal == SIGHUP { configuration.reload() } else { post.yield(.signal(signal)) }
            }
        }
        control.listen { [weak self] request in await self?.answer(request) ?? .failed("the daemon is stopping") }
        cameras.answerCard = { [weak self] camera, question in
            await self?.answer(question, about: camera) ?? .init(status: 503, body: [])
        }
        if cameras.isRecording { _ = await cameras.prepare() }
        cameras.start()
        uploads.apply(plan.uploads)
        intake.apply(plan.intake)
        let web = RunningWeb(backend, library: cameras.library, certificate: certificate.current)
        self.web = web
        web.apply(cameras.plan.web)
        ServiceManager.ready()
        // A camera has little memory, and does so when somebody opens its page.
        if role == .store, !web.addresses.isEmpty { WebRTCPeer.prepare() }
        let looking = Task { await look() }
        let feeding = Task { await Watchdog()?.run { areLookedAfter } }
        let admitting = Task { await access.follow { cameras.service.admit($0) } }
        let showing = Task {
            await certificate.follow { new in
                cameras.use(new)
                web.use(new)
            }
        }
        let following = Task { await configuration.follow { await apply($0) } }
        let status = await untilEnd()
        admitting.cancel()
        showing.cancel()
        looking.cancel()
        feeding.cancel()
        following.cancel()
        ServiceManager.stopping()
        // What is left unfinished after so long would not be finished either: a chunk keeps its last whole fragment.
        Deadline.run(after: Self.stopLimit) {
            Log.error(
                "not everything could be finished within \(Self.stopLimit.inSeconds): open chunks end where they are"
            )
            _exit(ExitStatus.wrong.rawValue)
        }
        await following.value
        web.close()
        // Before the directory closes, in whose index it is what has been done.
        await uploads.stop()
        await intake.stop()
        let unfinished = await cameras.stop()
        control.close()
        show(nil)
        listening.cancel()
        guard unfinished == 0 else {
            Log.error("stopped: \(unfinished) chunks are not complete; the next start makes them whole")
            return .wrong
        }
        Log.notice("stopped: every chunk is complete")
        return status
    }

    /// Returns what the process is to exit with.
    private func untilEnd() async -> ExitStatus {
        for await event in events {
            switch event {
            case .signal(let signal):
                Log.notice("\(signal == SIGINT ? "SIGINT" : "SIGTERM"): stopping")
                return .done
            case .failure(let error, let directory):
                // A directory that an edit named costs nobody what runs: whoever moved there deals with it.
                guard directory === firstDirectory else { continue }
                Log.error("\(error)")
                return .wrong
            case .stuck(let cause):
                switch Escalation(runtime: runtime).next(cause, allowsReboot: cameras.plan.allowsReboot) {
                case .none: continue
                case .restartMachine:
                    Log.error("the camera does not come back: the machine is to start anew (\(cause))")
                case .restartProcess:
                    Log.error("the camera does not come back: the process starts anew (\(cause))")
                    return .wrong
                }
            }
        }
        return .done
    }

    private func apply(_ new: Configuration) async {
        guard let plan = Plan(new, role: role, library: cameras.library) else { return }
        if plan.led != cameras.plan.led { show(nil) }
        await cameras.apply(plan)
        web?.apply(plan.web)
        uploads.apply(plan.uploads)
        intake.apply(plan.intake)
    }

    // MARK: The page

    /// What the page's service works with.
    private var backend: Backend {
        Backend(
            status: { [weak self] in await self?.statusDocument() ?? [] },
            cameras: { [weak self] name in await self?.camerasDocument(name) },
            settings: PageSettings(of: configuration.path, role: role),
            settingsChanged: { [weak self] in await self?.configuration.reload() },
            recordingKey: { [weak self] name in await self?.recordingKey(of: name) },
            guests: { [access] in await access.guests },
            access: { [access] in try await access.opened() },
            store: { [weak self] in
                guard let directory = await self?.cameras.directory else { throw CancellationError() }
                return try await directory.store()
            },
            freeSpace: { [weak self] in try await self?.cameras.directory.freeSpace() },
            feed: { [weak self] name in await self?.cameras.cameras.first { $0.name == name }?.feed },
            exchange: { [weak self] name in await self?.cameras.exchange(with: name) },
            sessionSeconds: { [weak self] in
                Int64((await self?.cameras.plan.sessionDuration ?? .zero) / .seconds(1))
            }
        )
    }

    private struct Cameras: Encodable {
        let cameras: [Status.Camera]
    }

    private func camerasDocument(_ name: String?) async -> [UInt8]? {
        let all = await status().cameras
        do {
            guard let name else { return Array(try JSON.text(Cameras(cameras: all), onOneLine: true).utf8) }
            guard let camera = all.first(where: { $0.name == name }) else { return nil }
            return Array(try JSON.text(camera, onOneLine: true).utf8)
        } catch {
            Log.error("the status cannot be written: \(error)")
            return nil
        }
    }

    private func recordingKey(of camera: String) -> String? {
        guard cameras.plan.cameras.contains(where: { $0.name == camera }) else { return nil }
        return role == .camera ? "camera.recording.enabled" : "cameras.\(camera).record"
    }

    private func statusDocument() async -> [UInt8] {
        do { return Array(try JSON.text(await status(), onOneLine: true).utf8) } catch {
            Log.error("the status cannot be written: \(error)")
            return []
        }
    }

    // MARK: Looking after it

    /// Whether each camera is looked after, be it running or away.
    private var areLookedAfter: Bool {
        let now = ClockTime.now
        return cameras.cameras.allSatisfy { now - $0.source.lastLook < Self.lookLimit }
    }

    private func look() async {
        let escalation = Escalation(runtime: runtime)
        var last = ""
        while !Task.isCancelled {
            let sentence = summary(cameras.cameras.map { Status.Camera($0, lastStore: nil) })
            if sentence != last { ServiceManager.status(sentence) }
            last = sentence
            let captures = cameras.cameras.filter { $0.source.kind == "capture" }
            if captures.contains(where: \.source.isRunning) { escalation.noteFrames() }
            show(sign)
            // A light has to blink in time; a sentence can wait.
            let interval: Duration = cameras.plan.led.isEmpty ? .seconds(5) : .seconds(1)
            do { try await MainLoop.sleep(for: interval) } catch { return }
        }
    }

    /// A store that has come once is expected to come.
    private static let storeLimit = Duration.seconds(30)
    /// A camera may take so long to start before anything is wrong.
    private static let startLimit = Duration.seconds(15)

    private var sign: StatusLED.Sign? {
        guard !cameras.plan.led.isEmpty else { return nil }
        for camera in cameras.cameras {
            if camera.recordingTrouble != nil { return .alarm }
            if !camera.source.isRunning, started < UTCTime.now - Self.startLimit { return .alarm }
            let store = cameras.service.lastStore(of: camera.name)
            if store != nil, !runtime.has(.store) { runtime.write(.store) }
            if let store, ClockTime.now - store > Self.storeLimit { return .alarm }
            if store == nil, runtime.has(.store), started < UTCTime.now - Self.storeLimit { return .alarm }
        }
        return .well
    }

    /// `nil` gives the LED back.
    private func show(_ sign: StatusLED.Sign?) {
        do throws(StatusLED.Failure) {
            guard let sign else {
                try led?.close()
                led = nil
                ledTrouble = nil
                return
            }
            if led == nil { led = try StatusLED(cameras.plan.led, runtime: runtime) }
            try led?.show(sign)
            ledTrouble = nil
        } catch {
            if ledTrouble != error.description { Log.warning("camera.led: \(error)") }
            ledTrouble = error.description
        }
    }

    /// Why the LED does not show what it should; `nil` if it does, or if there is to be none.
    private(set) var ledTrouble: String?

    // MARK: What the command asks

    /// By one that stays: it knows the indices of the chunks that it has read.
    private func answer(_ question: CardExchange.Question, about camera: String) async -> CardExchange.Answer {
        let answers = cardAnswers[camera] ?? CardAnswers(backend, camera: camera)
        cardAnswers[camera] = answers
        return await answers.answer(question)
    }

    private func answer(_ request: ControlRequest) async -> ControlReply {
        switch request {
        case .status: return .status(await status())
        case .change(let change):
            do { return .done(try await change.perform(in: try await cameras.directory.store())) } catch {
                return .failed("\(error)")
            }
        }
    }

    // MARK: The directory

    /// Opens the store, so that files and index agree before anything new comes.
    ///
    /// A disk that is away, or ill, stops nothing but the recording, which tries again; nor does one that takes long. What
    /// no waiting mends is told to `failure`, and returned if it is known so soon: another process has the directory, or the
    /// index is not for this program.
    private static func open(
        _ directory: RecordingDirectory,
        _ control: Control,
        failure: @escaping @Sendable (any Error) -> Void
    ) async -> (any Error)? {
        await directory.onOpen { store in await control.announce(in: store) }
        let (results, result) = AsyncStream.makeStream(of: (any Error)?.self)
        Task {
            var final: (any Error)?
            do { _ = try await directory.store() } catch {
                let isFinal =
                    error is DirectoryInUse || error is StoreMismatch || (error as? ChunkIndex.Failure)?.isNewer == true
                if isFinal {
                    final = error
                    failure(error)
                } else {
                    Log.error("recording cannot begin: \(error)")
                }
            }
            result.yield(final)
        }
        let limit = Task {
            do { try await Task.sleep(for: openingLimit) } catch { return }
            result.yield(nil)
        }
        defer { limit.cancel() }
        for await final in results { return final }
        return nil
    }
}

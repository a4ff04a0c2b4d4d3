// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import GLib
internal import GStreamer
internal import Media
internal import Serving
internal import Transfer

/// The cameras of a daemon as they run, and how they come to be what a ``Plan`` says.
@MainLoop final class RunningCameras {
    private struct Running {
        let camera: Camera
        /// What takes the camera in, when it is to push.
        let ingest: Ingest
        let replenisher: Replenisher
        let exchange: CardExchange
        /// Of a camera that this machine is.
        let offer: CardOffer?
        let task: Task<Void, Never>
        let replenishing: Task<Void, Never>
        let offering: Task<Void, Never>?
    }

    let library: PipelineLibrary
    private(set) var plan: Plan
    private(set) var directory: RecordingDirectory
    private(set) var service: RTSPService
    private var running: [String: Running] = [:]
    /// Cameras and directories that are being ended.
    private var ending: [Task<Void, Never>] = []
    private let openDirectory: @MainLoop (RecordingDirectory) async -> (any Error)?
    /// How many directories are being closed, by their paths.
    private var leaving: [String: Int] = [:]
    /// What the plan asked for and could not be had, for people: the former goes on.
    private var directoryTrouble: String?
    private var addressTrouble: String?
    /// Chunks of cameras that have left, and could not be finished.
    private var unfinished = 0
    private let runtime: RuntimeDirectory
    private let escalate: @MainLoop (String) -> Void
    private let access: RTSPAccess
    private var certificate: TLSCertificate?

    /// Begins to listen; nothing runs before ``start()``.
    ///
    /// `access` says who may come in, `certificate` who this machine is; without one nothing is served encrypted. `prepare`
    /// is called with each directory before anything is recorded into it, and returns what no waiting mends.
    init(
        _ plan: Plan,
        library: PipelineLibrary,
        runtime: RuntimeDirectory,
        access: RTSPAccess,
        certificate: TLSCertificate?,
        prepare: @escaping @MainLoop (RecordingDirectory) async -> (any Error)?,
        escalate: @escaping @MainLoop (String) -> Void
    ) throws(RTSPService.Failure) {
        (self.plan, self.library, self.runtime, self.escalate) = (plan, library, runtime, escalate)
        (self.access, self.certificate) = (access, certificate)
        openDirectory = prepare
        directory = RecordingDirectory(plan.store, journal: .log)
        service = try Self.service(plan, access, certificate, library)
    }

    private static func service(
        _ plan: Plan,
        _ access: RTSPAccess,
        _ certificate: TLSCertificate?,
        _ library: PipelineLibrary
    ) throws(RTSPService.Failure) -> RTSPService {
        let secure = plan.secureRTSP.flatMap { address in certificate.map { (address, $0) } }
        return try RTSPService(listen: plan.rtsp, secure: secure, access: access, library: library)
    }

    /// By name.
    var cameras: [Camera] { running.values.map(\.camera).sorted { $0.name < $1.name } }

    /// Performs what a store that this camera comes to asks of its card.
    var answerCard: (@MainLoop (String, CardExchange.Question) async -> CardExchange.Answer)?

    /// Where a camera that comes is asked; `nil` for one that does not.
    func exchange(with camera: String) -> CardExchange? {
        guard plan.cameras.first(where: { $0.name == camera })?.card == .exchange else { return nil }
        return running[camera]?.exchange
    }

    /// How it stands with what is fetched from a camera's card; `nil` for a camera that is not here.
    func replenishment(of camera: String) -> Replenisher.Progress? { running[camera]?.replenisher.progress }

    /// Whether anything is to be written into the directory.
    var isRecording: Bool { plan.intake != nil || plan.cameras.contains(where: \.recording.isEnabled) }

    /// What the configuration asks for and is not in force, a sentence each.
    var troubles: [String] {
        let offers = running.compactMap { name, camera in
            camera.offer?.trouble.map {
                "\(name): what the network loses is not brought to the store (\($0)); trying again"
            }
        }
        return [directoryTrouble, addressTrouble].compactMap { $0 } + offers
    }

    func start() {
        for camera in plan.cameras { start(camera) }
    }

    /// Shows another certificate to those who connect from now on.
    func use(_ certificate: TLSCertificate) {
        let isFirst = self.certificate == nil
        self.certificate = certificate
        service.use(certificate)
        // There is no listener that it could be shown at.
        if isFirst, plan.secureRTSP != nil { listen(plan, insteadOf: plan) }
    }

    /// Opens the directory, so that files and index agree before anything new comes; returns what no waiting mends.
    func prepare() async -> (any Error)? { await openDirectory(directory) }

    /// Ends everything in good order: every chunk is complete, durable and in the index when this returns, but for so many
    /// as it returns.
    func stop() async -> Int {
        for camera in running.values {
            camera.camera.stop()
            camera.replenisher.stop()
            camera.offer?.stop()
        }
        for camera in running.values {
            await camera.task.value
            await camera.replenishing.value
            await camera.offering?.value
            unfinished += camera.camera.recorder.unfinishedChunks
        }
        for task in ending { await task.value }
        await directory.close()
        service.close()
        return unfinished
    }

    /// Makes of what runs what another plan says; what is the same in both goes on undisturbed.
    func apply(_ new: Plan) async {
        let old = plan
        if new.rtsp == old.rtsp, new.rtsp == service.address { addressTrouble = nil }
        if new.store.directory == old.store.directory { directoryTrouble = nil }
        guard new != old else { return }
        let wasRecording = isRecording
        plan = new
        if (new.rtsp, new.secureRTSP) != (old.rtsp, old.secureRTSP) { listen(new, insteadOf: old) }
        var hasMoved = false
        if new.store.directory != old.store.directory {
            hasMoved = await move(to: new.store, from: old.store)
        } else {
            if new.store != old.store { await limit(new.store) }
            if !wasRecording, isRecording { _ = await prepare() }
        }
        for (name, camera) in running where !new.cameras.contains(where: { $0.name == name }) { leave(name, camera) }
        for camera in new.cameras {
            let former = old.cameras.first { $0.name == camera.name }
            guard let former, let running = running[camera.name] else {
                Log.notice("camera is new", camera: camera.name)
                start(camera)
                continue
            }
            let present = running.camera
            let hasNewDescription = new.hasOther(camera.source.pipeline, than: old)
            if camera.source != former.source || hasNewDescription {
                service.setIngest(camera.source == .ingest ? running.ingest : nil, of: camera.name)
                let source = source(camera.source, running.ingest)
                present.source.replace(with: source, hasNewDescription: hasNewDescription)
            }
            if camera.publisher != former.publisher || new.hasOther(Publisher.pipeline, than: old) {
                present.publisher.configure(camera.publisher)
            }
            if camera.recording != former.recording || hasMoved || new.hasOther(Recorder.pipeline, than: old) {
                present.recorder.configure(camera.recording, directory: directory)
                Log.notice("recording goes on with other settings", camera: camera.name)
            }
            if camera.card != former.card || camera.replenishing != former.replenishing || hasMoved {
                let card = camera.card.card(of: camera.name, running.exchange)
                running.replenisher.configure(card: card, settings: camera.replenishing)
            }
            if camera.offer != former.offer { running.offer?.configure(camera.offer) }
        }
    }

    private func start(_ planned: Plan.Camera) {
        let isCapture = if case .capture = planned.source { true } else { false }
        let feed = Feed(camera: planned.name, origin: isCapture ? .mediaClock : .sender)
        let recorder = Recorder(feed: feed, directory: directory, library: library, settings: planned.recording)
        let ingest = Ingest(library: library)
        let runner = SourceRunner(
            source(planned.source, ingest),
            feed: feed,
            hasRun: isCapture && runtime.has(.frames),
            escalate: escalate
        )
        let publisher = Publisher(feed: feed, library: library, settings: planned.publisher)
        let camera = Camera(feed: feed, source: runner, recorder: recorder, publisher: publisher)
        service.serve(feed, from: planned.source == .ingest ? ingest : nil)
        let exchange = CardExchange()
        let offer =
            isCapture
            ? CardOffer(camera: planned.name, settings: planned.offer) { [weak self] question in
                await self?.answerCard?(planned.name, question) ?? .init(status: 503, body: [])
            } : nil
        let replenisher = Replenisher(
            feed: feed,
            card: planned.card.card(of: planned.name, exchange),
            settings: planned.replenishing,
            directory: { [weak self] in self?.directory }
        )
        running[planned.name] = Running(
            camera: camera,
            ingest: ingest,
            replenisher: replenisher,
            exchange: exchange,
            offer: offer,
            task: Task { await camera.run() },
            replenishing: Task { await replenisher.run() },
            offering: offer.map { offer in Task { await offer.run() } }
        )
    }

    private func source(_ planned: Plan.Camera.Source, _ ingest: Ingest) -> any FeedSource {
        switch planned {
        case .ingest: ingest
        case .capture(let settings): Capture(settings, library: library)
        case .receiver(let settings): Receiver(settings, library: library)
        }
    }

    /// Its footage stays, and goes when its time comes.
    private func leave(_ name: String, _ leaving: Running) {
        running[name] = nil
        service.withdraw(name)
        leaving.camera.stop()
        leaving.replenisher.stop()
        leaving.offer?.stop()
        Log.notice("camera is no longer in the configuration; its footage stays", camera: name)
        ending.append(
            Task {
                await leaving.task.value
                await leaving.replenishing.value
                await leaving.offering?.value
                unfinished += leaving.camera.recorder.unfinishedChunks
            }
        )
    }

    private func listen(_ new: Plan, insteadOf old: Plan) {
        let former = service.address
        // One port has one listener, whatever addresses it listens at.
        let ports = Set([new.rtsp, new.secureRTSP].compactMap { $0?.port })
        let mustClose = [former, service.secureAddress].contains { $0.map { ports.contains($0.port) } ?? false }
        if mustClose { service.close() }
        do throws(RTSPService.Failure) {
            let other = try Self.service(new, access, certificate, library)
            service.close()
            serve(other)
            addressTrouble = nil
            Log.notice("RTSP is served at \(new.rtsp)")
        } catch {
            var trouble = "\(error); it goes on at \(former)"
            if mustClose {
                do throws(RTSPService.Failure) { serve(try Self.service(old, access, certificate, library)) } catch {
                    trouble = "\(error): RTSP is served nowhere until the address is changed again"
                }
            } else {
                // Asked for again when the configuration is read again; on the same port that would disturb clients.
                (plan.rtsp, plan.secureRTSP) = (old.rtsp, old.secureRTSP)
            }
            if trouble != addressTrouble { Log.error(trouble) }
            addressTrouble = trouble
        }
    }

    private func serve(_ new: RTSPService) {
        service = new
        for camera in plan.cameras {
            guard let running = running[camera.name] else { continue }
            new.serve(running.camera.feed, from: camera.source == .ingest ? running.ingest : nil)
        }
    }

    private func limit(_ settings: ChunkStore.Settings) async {
        do throws(FileError) {
            try await directory.configure(settings)
            Log.notice("the limits of \(settings.directory) are changed")
        } catch {
            // A disk that is away has nobody to hold it to limits: they hold once it is back.
            Log.error("the limits of \(settings.directory) hold when its disk answers again: \(error)")
        }
    }

    /// Recordings go over with their next keyframes; the former directory is closed when the last has ended there.
    ///
    /// Returns `false` if the new one cannot be had, as when another process has it: then recording stays where it is.
    private func move(to settings: ChunkStore.Settings, from formerSettings: ChunkStore.Settings) async -> Bool {
        // Back to one that was left a moment ago: it has one owner at a time, this process included.
        let limit = ContinuousClock.now + Self.leaveLimit
        while leaving[settings.directory] != nil, .now < limit {
            do { try await Task.sleep(for: .milliseconds(100)) } catch { break }
        }
        let former = directory
        directory = RecordingDirectory(settings, journal: .log)
        if isRecording, let error = await prepare() {
            directory = former
            // Asked for again when the configuration is read again.
            plan.store = formerSettings
            let trouble = "\(error); recording goes on in \(formerSettings.directory)"
            if trouble != directoryTrouble { Log.error(trouble) }
            directoryTrouble = trouble
            return false
        }
        directoryTrouble = nil
        Log.notice("recording goes on in \(settings.directory)")
        let recorders = running.values.map(\.camera.recorder)
        let replenishers = running.values.map(\.replenisher)
        leaving[formerSettings.directory, default: 0] += 1
        ending.append(
            Task {
                while recorders.contains(where: { $0.isUsing(former) })
                    || replenishers.contains(where: { $0.isUsing(former) })
                {
                    do { try await Task.sleep(for: .milliseconds(100)) } catch { break }
                }
                if let store = await former.open {
                    for recorder in recorders { await recorder.mendTorn(in: store) }
                }
                await former.close()
                leaving[formerSettings.directory] = leaving[formerSettings.directory].flatMap { $0 > 1 ? $0 - 1 : nil }
            }
        )
        return true
    }

    /// A directory that is left is closed by then: keyframes come every second or two.
    private static let leaveLimit = Duration.seconds(5)
}

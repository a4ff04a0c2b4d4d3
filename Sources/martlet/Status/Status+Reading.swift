// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import Footage
internal import GLib
internal import GStreamer
internal import Glibc
internal import Media
internal import Serving
internal import Transfer

extension Daemon {
    /// How everything is now.
    func status() async -> Status {
        let cameras = cameras.cameras.map { camera in
            var status = Status.Camera(camera, lastStore: self.cameras.service.lastStore(of: camera.name))
            status.replenish =
                role == .store ? self.cameras.replenishment(of: camera.name).map(Status.Camera.Replenish.init) : nil
            return status
        }
        if health.map({ ClockTime.now - $0.time > Self.healthInterval }) ?? true { health = (.now, Health()) }
        let machine = health?.found ?? Health()
        var status = Status(
            role: role.rawValue,
            version: Martlet.version,
            gstreamer: Library.version,
            process: getpid(),
            time: UTCTime.now.rfc3339,
            since: started.rfc3339,
            well: true,
            summary: summary(cameras),
            troubles: generalTroubles + machine.troubles,
            configuration: Status.Configuration(configuration),
            clock: Status.Clock(synchronised: WallClock.system.read().isSynchronised),
            rtsp: Status.RTSP(
                listen: self.cameras.service.address.description,
                tlsListen: self.cameras.service.secureAddress?.description
            ),
            web: web?.addresses ?? [],
            access: Status.Access(open: access.guests.isKnown && !access.guests.isEmpty, directory: access.directory),
            recording: Status.Recording(directory: self.cameras.plan.store.directory, open: false),
            resources: .now,
            health: machine,
            cameras: cameras
        )
        let uploads = uploads.status.map { Status.Upload($0) }
        if !uploads.isEmpty { status.uploads = uploads }
        status.incoming = intake.status.map { Status.Incoming($0) }
        status.troubles += uploads.compactMap(\.trouble) + [status.incoming?.trouble].compactMap { $0 }
        await addFigures(to: &status)
        status.troubles = status.cameras.flatMap(\.troubles) + status.troubles
        status.well = status.troubles.isEmpty
        return status
    }

    /// Firmware takes its time to answer, and each page asks every second.
    private static let healthInterval = Duration.seconds(2)

    /// The sentence for systemd.
    func summary(_ cameras: [Status.Camera]) -> String {
        Status.summary(role: role.rawValue, cameras, generalTroubles)
    }

    /// What is wrong and no camera's.
    private var generalTroubles: [String] {
        let others = [
            configuration.sentence, access.trouble, certificate.trouble, web?.trouble,
            ledTrouble.map { "camera.led: \($0)" },
        ]
        return cameras.troubles + others.compactMap { $0 }
    }

    /// A disk that hangs does not answer, and holds up no answer of ours.
    private static let diskLimit = Duration.seconds(2)

    private func addFigures(to status: inout Status) async {
        if figures.reading == nil {
            let (directory, names) = (self.cameras.directory, status.cameras.map(\.name))
            figures.found = nil
            figures.reading = Task {
                do { figures.found = .success(try await Figures(directory, names)) } catch {
                    figures.found = .failure(error)
                }
                figures.reading = nil
            }
        }
        let end = ContinuousClock.now + Self.diskLimit
        while figures.reading != nil, .now < end {
            do { try await Task.sleep(for: .milliseconds(10)) } catch { break }
        }
        let place = status.recording.directory
        switch figures.found {
        case nil: status.troubles.append("\(place): the disk does not answer")
        case .failure(let error): status.troubles.append("\(place): \(error)")
        case .success(let found):
            guard let books = found.books else { break }
            status.recording.open = found.isOpen
            (status.recording.used, status.recording.maxSpace) = (books.used, books.limits.maxSpace)
            (status.recording.minFree, status.recording.free) = (books.limits.minFree, found.free)
            status.recording.oldest = found.oldest.values.min()?.rfc3339
            for index in status.cameras.indices {
                let name = status.cameras[index].name
                status.cameras[index].recording.oldest = found.oldest[name]?.rfc3339
                status.cameras[index].acknowledged = found.acknowledged[name]
            }
        }
    }
}

/// What only the disk and the index on it know.
struct Figures: Sendable {
    private(set) var isOpen = false
    private(set) var books: Quota?
    private(set) var free: Int64?
    /// When the oldest footage of each camera begins, also of those that are not here any more.
    private(set) var oldest: [String: UTCTime] = [:]

    /// What a store has of each camera, where one has anything.
    private(set) var acknowledged: [String: Status.Camera.Acknowledged] = [:]

    /// Empty if the directory is not open.
    init(_ directory: RecordingDirectory, _ cameras: [String]) async throws {
        guard let store = await directory.open else { return }
        (isOpen, books) = (!store.isLost, store.space.books)
        free = try await directory.freeSpace()
        for camera in Set(try await store.index.cameras() + cameras) {
            oldest[camera] = try await store.index.firstStart(of: camera)
            guard let found = try await store.index.acknowledgement(of: camera) else { continue }
            acknowledged[camera] = Status.Camera.Acknowledged(
                until: found.until.rfc3339,
                lackingBytes: found.unacknowledged,
                short: try store.isUnacknowledgedShort(found)
            )
        }
    }
}

extension Status.Configuration {
    @MainLoop init(_ configuration: LiveConfiguration) {
        (file, files) = (ControlAddress.canonical(configuration.path), configuration.files)
        since = configuration.since.rfc3339
        switch configuration.state {
        case .current: (state, mistakes) = (.current, [])
        case .unreadable(let reason): (state, mistakes) = (.unreadable, [reason])
        case .rejected(let diagnostics):
            (state, mistakes) = (.rejected, diagnostics.filter { $0.severity == .error }.map(\.description))
        }
    }
}

extension Status.Camera {
    @MainLoop init(_ camera: Camera, lastStore: ClockTime?) {
        let (runner, recorder, feed) = (camera.source, camera.recorder, camera.feed)
        let statistics = feed.statistics
        let now = ClockTime.now
        func utc(_ time: ClockTime) -> String { (UTCTime.now - (now - time)).rfc3339 }
        (name, source) = (camera.name, runner.kind)
        seconds = (now - (statistics.lastFrame ?? camera.started)) / .seconds(1)
        cause = runner.isRunning ? nil : runner.lastFault?.cause
        switch runner.state {
        case .idle, .starting: state = .starting
        case .running(let since, _): (state, seconds) = (.running, (now - since) / .seconds(1))
        case .backingOff(let until, let reason):
            (state, cause, nextAttempt) = (.backingOff, reason, max(0, (until - now) / .seconds(1)))
        case .stuck(_, let reason): (state, cause) = (.stuck, reason)
        case .stopped: state = .stopped
        }
        faults = runner.faults
        lastFault = runner.lastFault.map { Fault(cause: $0.cause, time: utc($0.at)) }
        if let caps = feed.run?.format, let codec = VideoCodec(mediaType: caps.mediaType) {
            format = Format(
                codec: codec.description,
                width: caps.int("width") ?? 0,
                height: caps.int("height") ?? 0
            )
        }
        (fps, bitrate) = (runner.rate.frames.rounded(to: 100), runner.rate.bits.rounded())
        seconds = seconds.rounded(to: 1000)
        nextAttempt = nextAttempt?.rounded(to: 1000)
        (frames, undecodable) = (statistics.frames, statistics.undecodable)
        (lastFrame, lastKeyframe) = (statistics.lastFrame.map(utc), statistics.lastKeyframe.map(utc))
        recording = Recording(
            enabled: recorder.isEnabled,
            chunk: recorder.openChunk,
            trouble: camera.recordingTrouble,
            finished: recorder.finishedChunks,
            unfinished: recorder.unfinishedChunks,
            queued: feed.queuedBytes(of: .recorder)
        )
        viewers = Viewers(
            count: feed.count(of: .viewer),
            queued: feed.queuedBytes(of: .viewer),
            skipped: statistics.skipped
        )
        store = lastStore.map(utc)
        push = Push(camera.publisher, now: now, utc)
        // Nobody is late who comes when it likes, but it is said what is waited for.
        if source == "push", cause == nil, state == .starting { cause = "the camera has not pushed yet" }
    }
}

extension Status.Camera.Replenish {
    @MainLoop init(_ progress: Replenisher.Progress) {
        (state, trouble) = (progress.state.rawValue, progress.trouble)
        (lackingFrames, lackingBytes) = (progress.lackingFrames, progress.lackingBytes)
        lackingSeconds = (progress.lacking / .seconds(1)).rounded(to: 1000)
        (fetchedFrames, fetchedBytes) = (progress.fetchedFrames, progress.fetchedBytes)
        rate = progress.rate.map { ($0 * 8).rounded() }
        eta = progress.rate.flatMap { $0 > 0 ? (Double(progress.lackingBytes) / $0).rounded(to: 10) : nil }
        until = progress.acknowledgedUntil?.rfc3339
    }
}

extension Status.Camera.Push {
    /// `nil` for a camera that does not push.
    @MainLoop fileprivate init?(_ publisher: Publisher, now: ClockTime, _ utc: (ClockTime) -> String) {
        guard let url = publisher.url else { return nil }
        self.url = url
        lastFault = publisher.lastFault.map { Status.Camera.Fault(cause: $0.cause, time: utc($0.at)) }
        switch publisher.state {
        case .off: return nil
        case .starting(let since): (state, seconds) = (.starting, (now - since) / .seconds(1))
        case .running(let since): (state, seconds) = (.running, (now - since) / .seconds(1))
        case .backingOff(_, let reason):
            let since = publisher.lastFault?.at ?? now
            (state, seconds, cause) = (.backingOff, (now - since) / .seconds(1), reason)
        }
        // While it is tried again the reason for the last failure is the one that counts.
        if state == .starting { cause = lastFault?.cause }
        seconds = seconds.rounded(to: 1000)
    }
}

extension Status.Upload {
    init(_ upload: UploadStatus) {
        (url, chunk, sent) = (upload.url, upload.chunk, upload.sent)
        state =
            switch upload.state {
            case .starting: .starting
            case .idle: .idle
            case .sending: .sending
            case .backingOff: .backingOff
            }
        (waiting, waitingBytes, deleted) = (upload.queue.chunks, upload.queue.bytes, upload.queue.deleted)
        (lastSuccess, cause) = (upload.lastSuccess?.rfc3339, upload.cause)
        lastFault = upload.lastFault.map { .init(cause: $0.cause, time: $0.at.rfc3339) }
    }
}

extension Status.Incoming {
    init(_ intake: IntakeStatus) {
        (directory, taken, duplicates) = (intake.directory, intake.taken, intake.duplicates)
        (rejected, waiting) = (intake.rejected, intake.waiting)
        (lastSuccess, cause) = (intake.lastSuccess?.rfc3339, intake.cause)
    }
}

extension Status.Resources {
    /// What the process uses (`/proc/self`).
    static var now: Self {
        func count(_ folder: String) -> Int {
            guard let entries = opendir(folder) else { return 0 }
            defer { closedir(entries) }
            var count = 0
            while let entry = readdir(entries) {
                if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
            }
            return count
        }
        var pages: Int64 = 0
        if let file = fopen("/proc/self/statm", "re") {
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 128)
            let length = fread(&bytes, 1, bytes.count, file)
            let fields = String(decoding: bytes[..<length], as: UTF8.self).split(separator: " ")
            if fields.count > 1 { pages = Int64(fields[1]) ?? 0 }
        }
        return Self(
            memory: pages * Int64(sysconf(Int32(_SC_PAGESIZE))),
            threads: count("/proc/self/task"),
            // The one that counts them is among them.
            descriptors: count("/proc/self/fd") - 1
        )
    }
}

extension Double {
    /// To whole hundredths, or other parts: more would be noise.
    fileprivate func rounded(to parts: Double) -> Double { (self * parts).rounded() / parts }
}

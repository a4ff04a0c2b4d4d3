// SPDX-License-Identifier: Apache-2.0
internal import Footage

extension Status.Camera {
    /// A start takes its time before anything is wrong.
    static let startLimit = 15.0

    /// What is wrong with it, a sentence each.
    var troubles: [String] {
        var troubles: [String] = []
        let without = frames == 0 ? "no frames yet" : "no frames for \(seconds.roughly)"
        let why = cause.map { " (\($0))" } ?? ""
        switch state {
        case .running: break
        case .starting where faults == 0 && seconds < Self.startLimit: break
        case .starting where source == "push": troubles.append("\(without)\(why); waiting for it")
        case .starting: troubles.append("\(without)\(why); trying now")
        case .backingOff: troubles.append("\(without)\(why); trying again in \((nextAttempt ?? 0).roughly)")
        case .stuck:
            troubles.append("\(without)\(why); it hangs in its driver: restart the machine if it does not come back")
        case .stopped: troubles.append("stopped")
        }
        if let trouble = recording.trouble { troubles.append("not recorded (\(trouble)); trying again") }
        if let push, let cause = push.cause { troubles.append("not pushed (\(cause)); trying again") }
        if let trouble = replenish?.trouble {
            troubles.append("what is lacking cannot be fetched from its card (\(trouble)); trying again")
        }
        if let acknowledged, acknowledged.short {
            let lacking = acknowledged.lackingBytes.inBytes
            troubles.append(
                "footage that no store has yet (\(lacking)) is about to be deleted to make room: is the store there?"
            )
        }
        if recording.unfinished > 0 {
            troubles.append("\(recording.unfinished.counted("chunk")) could not be finished yet")
        }
        return troubles.map { "\(name): \($0)" }
    }
}

extension Status.Upload {
    /// `nil` if nothing is wrong.
    var trouble: String? {
        cause.map { "\(waiting.counted("chunk")) not uploaded yet (\($0)); trying again" }
    }
}

extension Status.Incoming {
    /// `nil` if nothing is wrong.
    var trouble: String? { cause.map { "files are not taken in (\($0)); trying again" } }
}

extension Status.Camera.Replenish {
    /// What is on the card and not here, and how it comes; `nil` if nothing is known to be.
    fileprivate var inWords: String? {
        guard lackingFrames > 0 else { return nil }
        let how = rate.map { ", fetched at \($0.inBits)" } ?? ", waiting"
        return "\(lackingSeconds.roughly) (\(lackingBytes.inBytes))\(how)"
            + (eta.map { ", done in \($0.roughly)" } ?? "")
    }
}

extension Health {
    /// What harms recordings, a sentence each.
    var troubles: [String] {
        guard underVoltage?.now == true else { return [] }
        return ["the machine's supply is too weak (below 4.63 V): another power supply or cable is needed"]
    }
}

extension Status {
    /// One sentence for `systemctl status`: how many run, then what is wrong.
    static func summary(role: String, _ cameras: [Camera], _ more: [String]) -> String {
        let running = cameras.count { $0.state == .running }
        let summary =
            switch (cameras.count, role) {
            case (0, _): "no cameras yet"
            case (1, "camera"): running == 1 ? "running" : cameras[0].state == .starting ? "starting" : "not running"
            default: "\(running) of \(cameras.count) cameras running"
            }
        return ([summary] + cameras.flatMap(\.stableTroubles) + more).joined(separator: "; ")
    }
}

extension Status.Camera {
    /// The same without what changes every second: systemd is told again only when there is something new.
    fileprivate var stableTroubles: [String] {
        var troubles: [String] = []
        switch state {
        case .running: break
        case .starting: troubles.append(cause ?? "starting")
        case .backingOff: troubles.append(cause ?? "no frames")
        case .stuck: troubles.append("it hangs in its driver" + (cause.map { " (\($0))" } ?? ""))
        case .stopped: troubles.append("stopped")
        }
        if let trouble = recording.trouble { troubles.append("not recorded (\(trouble))") }
        if let cause = push?.cause { troubles.append("not pushed (\(cause))") }
        return troubles.map { "\(name): \($0)" }
    }
}

extension Status {
    /// For people at a terminal, in 80 columns where names allow it.
    var report: [String] {
        var lines = ["\(role): \(headline)", ""]
        if !cameras.isEmpty {
            let header = ["camera", "state", "fps", "bit rate", "picture", "recording", "viewers"]
            lines += Columns.lines([header] + cameras.map(\.columns), alignedRight: [2, 3, 6]) + [""]
        }
        lines += Columns.lines(facts)
        if !troubles.isEmpty { lines += [""] + troubles.flatMap { $0.wrapped(to: 80, indent: "  ") } }
        return lines
    }

    private var headline: String {
        let running = cameras.count { $0.state == .running }
        let what = cameras.isEmpty ? "no cameras yet" : "\(running) of \(cameras.count.counted("camera")) running"
        return "\(what), \(well ? "all is well" : troubles.count.counted("trouble"))"
    }

    private var facts: [[String]] {
        var facts: [[String]] = []
        let place = recording.directory
        if let used = recording.used {
            let limit = recording.maxSpace.map { " of \($0.inBytes)" } ?? ""
            let free = recording.free.map { ", \($0.inBytes) free" } ?? ""
            facts.append(["footage", "\(used.inBytes)\(limit) in \(place)\(free)"])
            facts.append(["oldest", recording.oldest.map(Self.local) ?? "nothing yet"])
        } else {
            facts.append(["footage", cameras.contains(where: \.recording.enabled) ? "\(place) is not open" : "off"])
        }
        for camera in cameras {
            if let lacking = camera.replenish?.inWords { facts.append(["lacking", "\(camera.name): \(lacking)"]) }
        }
        if role == "camera" {
            if let acknowledged = cameras.first?.acknowledged {
                let rest = acknowledged.lackingBytes > 0 ? ", \(acknowledged.lackingBytes.inBytes) since" : ""
                facts.append(["a store has", "all until \(Self.local(acknowledged.until))\(rest)"])
            }
            let store = cameras.first?.store.map { "last took the video \(Self.local($0))" }
            let pushed = cameras.first?.push.map {
                $0.state == .running ? "pushed to \($0.url)" : "not pushed to \($0.url)"
            }
            facts.append(["store", pushed ?? store ?? "none has come since the start"])
        }
        for upload in uploads ?? [] {
            let left =
                upload.state == .starting
                ? "not begun yet"
                : upload.waiting == 0
                    ? "all there" : "\(upload.waiting.counted("chunk")), \(upload.waitingBytes.inBytes) to go"
            let deleted = upload.deleted > 0 ? ", \(upload.deleted) deleted before" : ""
            let last = upload.lastSuccess.map { ", last \(Self.local($0))" } ?? ""
            facts.append(["upload", "\(upload.url): \(left)\(deleted)\(last)"])
        }
        if let incoming {
            let counts = "\(incoming.taken) taken in, \(incoming.waiting) waiting, \(incoming.rejected) set aside"
            facts.append(["incoming", "\(incoming.directory): \(counts)"])
        }
        let clock = clock.synchronised ? "synchronised" : "not set by anybody yet: times are put right when it is"
        facts.append(["clock", clock])
        facts.append(["configuration", "\(configuration.file), read \(Self.local(configuration.since))"])
        facts.append(["rtsp", "rtsp://\(rtsp.listen)/\(role == "camera" ? cameras.first?.name ?? "" : "CAMERA")"])
        if let secure = rtsp.tlsListen { facts.append(["", "rtsps://\(secure)/…"]) }
        if !web.isEmpty { facts.append(["page", web.joined(separator: " and ")]) }
        if !access.open { facts.append(["access", "nobody but this machine: 'martlet user add' lets others in"]) }
        let use = "\(resources.memory.inBytes), \(resources.threads) threads, \(resources.descriptors) files"
        facts.append(["process", "\(process), since \(Self.local(since)), \(use)"])
        facts.append(["version", "martlet \(version), \(gstreamer)"])
        return facts
    }

    /// A time of the document as the machine's own clock shows it, to the second.
    private static func local(_ text: String) -> String {
        String((UTCTime(rfc3339: text)?.local ?? text).prefix("2026-11-21 10:20:00".count))
    }
}

extension Status.Camera {
    fileprivate var columns: [String] {
        let isRunning = state == .running
        let tenths = Int((fps * 10).rounded())
        let picture = format.map { "\($0.width)×\($0.height) \($0.codec)" } ?? "-"
        let recorded =
            !recording.enabled
            ? "off"
            : recording.trouble != nil ? "trouble" : recording.chunk != nil ? "yes" : isRunning ? "starting" : "-"
        return [
            name, state.rawValue, isRunning ? "\(tenths / 10).\(tenths % 10)" : "-",
            isRunning ? bitrate.inBits : "-", picture, recorded, String(viewers.count),
        ]
    }
}

extension Int {
    /// `1 camera`, `2 cameras`.
    func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}

extension Int64 {
    /// `812 kB`, `1.2 GB`.
    var inBytes: String {
        for (unit, size) in [("GB", 1_000_000_000 as Int64), ("MB", 1_000_000), ("kB", 1000)] where self >= size {
            let tenths = self / (size / 10)
            return tenths < 1000 ? "\(tenths / 10).\(tenths % 10) \(unit)" : "\(tenths / 10) \(unit)"
        }
        return "\(self) bytes"
    }
}

extension Double {
    /// A rate: `4.1 Mbit/s`.
    fileprivate var inBits: String {
        let kilobits = Int((self / 1000).rounded())
        return kilobits < 1000 ? "\(kilobits) kbit/s" : "\(kilobits / 1000).\(kilobits % 1000 / 100) Mbit/s"
    }

    /// A duration in seconds, as people say it: `0.5 s`, `12 s`, `3 min`, `2 h`, `5 days`.
    var roughly: String {
        switch self {
        case ..<0.95: return "0.\(Int((max(0, self) * 10).rounded())) s"
        case ..<120: return "\(Int(rounded())) s"
        case ..<7200: return "\(Int((self / 60).rounded())) min"
        case ..<172_800: return "\(Int((self / 3600).rounded())) h"
        default: return "\(Int((self / 86_400).rounded())) days"
        }
    }
}

extension String {
    /// Broken between words, the lines but the first indented.
    fileprivate func wrapped(to width: Int, indent: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = indent + word
            } else {
                line += line.isEmpty ? String(word) : " " + word
            }
        }
        return lines + [line]
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import GStreamer
internal import RTP

/// Makes frames of the bytes of one connection: packets, access units, their format and their times.
struct InterleavedIntake {
    /// What came of some bytes, beside frames.
    struct Outcome {
        enum Trouble {
            /// What the camera sends, in the standard's words, is not understood here.
            case unsupported(String)
            case malformed(String)
        }

        var trouble: Trouble?
        /// An answer that asks who we are, the last.
        var challenge: String?
        /// Packets that did not come, of so many, if it is time to say so.
        var lost: (packets: Int, of: Int)?
    }

    private let codec: VideoCodec
    private let channels: (packets: UInt8, reports: UInt8)
    private let parameterSets: [[UInt8]]
    private let clockRate: UInt32
    private let payloadType: UInt8?
    private var stream = InterleavedStream()
    private var packets = Packets()
    private var depayloader: Depayloader
    private var frames: Frames

    /// Frames at the beginning that are taken as they come: by them it is learnt how long a frame is on its way.
    private static let attentive = 60
    /// How often and how long it listens again, to know a camera's drift: what waits for its reader does not tell of it.
    private static let (interval, listening) = (Duration.seconds(60), Duration.seconds(1))
    /// Losses are told once in so long.
    private static let reminder = Duration.seconds(60)
    /// Messages among the bytes that are read at a time: a server answers, and asks now and then.
    private static let messageLimit = 64

    init(_ stream: SessionDescription.Stream, _ codec: VideoCodec, channels: (packets: UInt8, reports: UInt8)) {
        (self.codec, self.channels, clockRate) = (codec, channels, stream.clockRate)
        (parameterSets, payloadType) = (stream.parameterSets, stream.payloadType)
        depayloader = Depayloader(codec.payload, parameterSets: parameterSets)
        frames = Frames(codec, clockRate: clockRate)
    }

    /// Whether what comes may wait: enough has come, its times do not depend on when it comes, and nobody listens to them.
    var isSettled: Bool { frames.count >= Self.attentive && !frames.isReordered && lastRead >= listensUntil }

    private var lastRead = ClockTime.now
    private var listensUntil = ClockTime(nanoseconds: 0)

    /// What is known of the packets.
    private struct Packets {
        var sequence = RTPSequence()
        var count = 0
        var source: UInt32?
        /// Of whoever sends the packets; or of somebody, while none has come.
        private(set) var report: SenderReport?
        var told: (lost: Int, at: ClockTime)?

        mutating func note(_ new: SenderReport?) {
            guard let new, source == nil || source == new.source else { return }
            report = new
        }

        /// Packets come from here from now on, which count from elsewhere.
        mutating func begin(_ source: UInt32) {
            (self.source, sequence) = (source, RTPSequence())
            if report?.source != source { report = nil }
        }
    }

    /// Takes what came, and passes the frames that it completes.
    ///
    /// `isPrompt` says that it was read as soon as it came.
    mutating func take(
        _ bytes: UnsafeRawBufferPointer,
        isPrompt: Bool,
        _ pass: (borrowing Sample) -> Void
    ) -> Outcome {
        lastRead = .now
        if lastRead - listensUntil >= Self.interval { listensUntil = lastRead + Self.listening }
        frames.isPrompt = isPrompt
        var outcome = Outcome()
        do throws(InterleavedStream.Malformed) {
            var stream = stream
            // Not copied for it: it is given back below.
            self.stream = InterleavedStream()
            defer { self.stream = stream }
            var messages = 0
            try stream.parse(bytes) { part in
                switch part {
                case .packet(channels.packets, let bytes): take(packet: bytes, &outcome, pass)
                case .packet(channels.reports, let bytes): packets.note(SenderReport(bytes))
                case .packet: break
                case .message(let head):
                    messages += 1
                    if head.hasPrefix("RTSP/1.0 401") { outcome.challenge = head }
                }
            }
            if messages > Self.messageLimit { outcome.trouble = .malformed("the camera sends messages without end") }
        } catch {
            outcome.trouble = .malformed("what the camera sends is no RTSP")
        }
        outcome.lost = lossToTell()
        return outcome
    }

    private mutating func take(
        packet bytes: UnsafeRawBufferPointer,
        _ outcome: inout Outcome,
        _ pass: (borrowing Sample) -> Void
    ) {
        guard outcome.trouble == nil, let packet = RTPPacket(bytes) else { return }
        // A second format on the same channel, such as one that mends the first, is not ours.
        if let type = payloadType, packet.payloadType != type { return }
        if packets.source != packet.source {
            // Another sender, or the same after a restart.
            packets.begin(packet.source)
            depayloader = Depayloader(codec.payload, parameterSets: parameterSets)
            frames.restart(clockRate: clockRate)
        }
        packets.count += 1
        let place = packets.sequence.place(packet.sequence)
        if place == .past { return }
        let report = packets.report
        do throws(Depayloader.Unsupported) {
            try depayloader.push(packet, isAfterLoss: place != .next) { unit, sets in
                frames.pass(unit, sets, report, pass)
            }
        } catch {
            outcome.trouble = .unsupported("\(error)")
        }
    }

    private mutating func lossToTell() -> (packets: Int, of: Int)? {
        let lost = packets.sequence.lost
        guard lost > packets.told?.lost ?? 0 else { return nil }
        let now = ClockTime.now
        if let told = packets.told, now - told.at < Self.reminder { return nil }
        packets.told = (lost, now)
        return (lost, packets.count + lost)
    }

    /// Access units become samples here.
    private struct Frames {
        private let codec: VideoCodec
        private var timeline: RTPTimeline
        private(set) var count = 0
        /// Pictures come in another order than they are shown in: when they came says when they are decoded.
        private(set) var isReordered = false
        var isPrompt = true
        private var last: UInt64 = 0
        private var caps: Caps?
        /// Of the parameter sets that `caps` are made of.
        private var version: Int?

        init(_ codec: VideoCodec, clockRate: UInt32) {
            self.codec = codec
            timeline = RTPTimeline(clockRate: clockRate)
        }

        mutating func restart(clockRate: UInt32) {
            (timeline, version, last) = (RTPTimeline(clockRate: clockRate), nil, 0)
        }

        mutating func pass(
            _ unit: AccessUnit,
            _ sets: ParameterSets,
            _ report: SenderReport?,
            _ pass: (borrowing Sample) -> Void
        ) {
            let time = timeline.nanoseconds(of: unit.timestamp)
            if time < last { isReordered = true }
            last = time
            // What parameter sets mean is known with the picture that they are for.
            if version != sets.version || (caps == nil && unit.isKeyframe), unit.isKeyframe || caps == nil {
                version = sets.version
                caps = codec.format(sets.units + unit.units) ?? caps
            }
            guard let caps else { return }
            count += 1
            let capture = unit.isKeyframe ? report?.time(of: unit.timestamp, clockRate: timeline.clockRate) : nil
            var sample = Sample(
                accessUnit: unit.bytes,
                presentation: ClockTime(nanoseconds: time),
                isKeyframe: unit.isKeyframe,
                caps: caps,
                captureTime: capture
            )
            sample.isPrompt = isPrompt
            pass(sample)
        }
    }
}

extension VideoCodec {
    fileprivate var payload: RTP.Codec {
        switch self {
        case .h264: .h264
        case .h265: .h265
        }
    }

    /// As it is in a feed, and in MP4.
    fileprivate func format(_ units: [[UInt8]]) -> Caps? {
        Caps.format(parsing: units, "\(rawValue)parse", self == .h264 ? "avc" : "hvc1")
    }
}

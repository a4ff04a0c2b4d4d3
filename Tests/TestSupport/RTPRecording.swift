// SPDX-License-Identifier: Apache-2.0
internal import GStreamer

/// Two seconds of a test picture in RTP packets, as a camera sends them: keyframes every half second.
package struct RTPRecording: Sendable {
    package struct Packet: Sendable {
        /// From the recording's beginning.
        let time: Duration
        let bytes: [UInt8]
    }

    static let length = Duration.seconds(2)
    static let clockRate = 90_000
    let packets: [Packet]

    /// Encodes it; parameter sets are before each keyframe.
    ///
    /// With a `bitrate`, in kbit/s, it is a picture that takes so much.
    package static func made(width: Int = 160, height: Int = 120, bitrate: Int? = nil) async throws -> RTPRecording {
        let picture = bitrate == nil ? "horizontal-speed=3" : "pattern=snow"
        let pipeline = try Pipeline(
            parsing: "videotestsrc num-buffers=60 \(picture) "
                + "! video/x-raw,format=I420,width=\(width),height=\(height),framerate=30/1 "
                + "! x264enc bitrate=\(bitrate ?? 2048) tune=zerolatency speed-preset=ultrafast key-int-max=15 option-string=scenecut=0 threads=1 "
                + "! h264parse ! rtph264pay config-interval=-1 pt=96 mtu=1400 ssrc=1 seqnum-offset=0 timestamp-offset=0 "
                + "! appsink name=feed sync=false"
        )
        guard let sink = pipeline.appSink(named: "feed") else {
            throw PipelineFault(description: "there is no appsink")
        }
        let collector = FrameCollector(of: sink)
        try await play(pipeline)
        let frames = collector.all
        guard let first = frames.first?.presentation else { throw PipelineFault(description: "no packet came") }
        return RTPRecording(packets: frames.map { Packet(time: ($0.presentation ?? first) - first, bytes: $0.bytes) })
    }

    /// The recording's round of a number, as packets of one stream.
    func packets(round: Int, withMarkers: Bool) -> [Packet] {
        packets.enumerated().map { index, packet in
            var bytes = packet.bytes
            // RFC 3550, 5.1: the marker and the payload type, the sequence number, the timestamp.
            if !withMarkers { bytes[1] &= 0x7f }
            let sequence = UInt16(truncatingIfNeeded: round * packets.count + index)
            bytes.replaceSubrange(2..<4, with: bigEndian(sequence))
            let ticks = Double(Self.clockRate) * ((packet.time + Self.length * round) / .seconds(1))
            bytes.replaceSubrange(4..<8, with: bigEndian(UInt32(truncatingIfNeeded: Int(ticks.rounded()))))
            return Packet(time: packet.time + Self.length * round, bytes: bytes)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
import ISOBaseMedia
import TestSupport
import Testing

/// A file as our recorder's muxer leaves it, made by GStreamer itself.
struct Recording: CustomTestStringConvertible {
    /// GStreamer's encoder and parser.
    var encoder = "x264enc key-int-max=15 bframes=0 speed-preset=ultrafast ! h264parse"
    var frames = 50
    var size = "width=160,height=120"
    /// The size in blocks of 512 bytes at which the process is ended, as if by a power cut; `nil` for a finished file.
    var tornAt: Int?
    var sound = ""
    var name = "without B-frames"

    static let plain = Recording()
    static let withBFrames = Recording(
        encoder: "x264enc key-int-max=15 bframes=2 b-adapt=false ! h264parse",
        name: "with B-frames"
    )
    static let hevc = Recording(encoder: "x265enc key-int-max=15 speed-preset=ultrafast ! h265parse", name: "HEVC")
    static let withSound = Recording(
        sound: "audiotestsrc num-buffers=70 ! avenc_aac ! aacparse ! m.",
        name: "with sound"
    )
    static let all = [plain, withBFrames, hevc, withSound]

    var testDescription: String { name }

    /// The same, torn off there; GStreamer has temporary files of 64 KiB, for which there must be room.
    func torn(at blocks: Int = 200) -> Recording {
        var torn = self
        torn.tornAt = blocks
        torn.frames = 1000
        return torn
    }

    /// Makes the file.
    func write(_ path: String) async throws {
        let pipeline = """
            gst-launch-1.0 -q videotestsrc num-buffers=\(frames) ! video/x-raw,\(size),framerate=30/1 \
            ! \(encoder) ! mp4mux name=m fragment-mode=first-moov-then-finalise fragment-duration=250 \
            ! filesink buffer-mode=unbuffered location=\(path) \(sound)
            """
        // SIGXFSZ ends a process that makes a file too large: always at the same byte. Perl unblocks it; threads of the
        // test process block signals, and so would what they start.
        let unblock = "perl -MPOSIX -e 'sigprocmask(SIG_SETMASK, POSIX::SigSet->new); exec @ARGV' "
        let limit = tornAt.map { "ulimit -c 0; ulimit -f \($0); exec " + unblock } ?? "exec "
        let made = try await run("sh", "-c", limit + pipeline)
        guard made.status == (tornAt == nil ? 0 : -25) else {
            throw Unexpected(description: "status \(made.status): \(made.errors)")
        }
    }

    /// Makes the file, and reads it.
    func bytes(in scratch: ScratchDirectory) async throws -> [UInt8] {
        try await write(scratch("recording.mp4"))
        return try TestSupport.bytes(of: scratch("recording.mp4"))
    }
}

/// A tool did not do what the test needs.
struct Unexpected: Error {
    let description: String
}

/// A frame as ffprobe sees it.
struct Packet: Equatable {
    var presented: Int64
    var decoded: Int64
    var size: UInt32
    var offset: UInt64
    var isKey: Bool

    /// What ffprobe finds in the video track of a file.
    static func probe(_ path: String) async throws -> [Packet] {
        let words = "-v error -select_streams v:0 -show_entries packet=pts,dts,size,pos,flags -of compact=p=0:nk=1 "
        let probed = try await run(["ffprobe"] + (words + path).split(separator: " ").map(String.init))
        #expect(probed.status == 0 && probed.errors == "", "\(probed.errors)")
        return try probed.output.split(separator: "\n").map { line in
            let fields = line.split(separator: "|")
            guard fields.count >= 5, let presented = Int64(fields[0]), let decoded = Int64(fields[1]),
                let size = UInt32(fields[2]), let offset = UInt64(fields[3])
            else { throw Unexpected(description: "ffprobe said \(line)") }
            return Packet(
                presented: presented,
                decoded: decoded,
                size: size,
                offset: offset,
                isKey: fields[4].hasPrefix("K")
            )
        }
    }
}

extension SampleTable {
    /// The frames as ffprobe would see them.
    var packets: [Packet] {
        samples.indices.map { index in
            let sample = samples[index]
            return Packet(
                presented: presentationTicks(of: index),
                decoded: Int64(sample.decodeTime) + Int64(edit.delay) - Int64(edit.mediaStart),
                size: sample.size,
                offset: sample.offset,
                isKey: sample.isSync
            )
        }
    }
}

/// The checksums of a file's decoded pictures, and when they are shown; nothing may be complained about.
func pictures(of path: String, _ options: String = "") async throws -> [Substring] {
    let words = "-nostdin -v error \(options) -i \(path) -map 0:v -vsync passthrough -f framemd5 -"
    let decoded = try await run(["ffmpeg"] + words.split(separator: " ").map(String.init))
    #expect(decoded.status == 0 && decoded.errors == "", "\(path): \(decoded.errors)")
    return decoded.output.split(separator: "\n").filter { !$0.hasPrefix("#") }
}

// SPDX-License-Identifier: Apache-2.0
internal import Footage
internal import GStreamer
internal import Glibc
internal import Media

/// Films in Matroska, which become MP4 without being encoded anew: `pipelines/transfer/matroska.gst`.
enum Matroska {
    static let pipeline = "transfer/matroska"

    private static let limit = Duration.seconds(600)
    /// What every Matroska file begins with (RFC 8794).
    private static let mark: [UInt8] = [0x1A, 0x45, 0xDF, 0xA3]
    /// Tracks are described that early.
    private static let headSize: UInt64 = 65_536

    static func isOne(_ file: RandomAccessFile) throws(FileError) -> Bool { try file.read(0..<4) == mark }

    /// How long the whole file is, as it says itself; `nil` if it does not, as one that was made while it was filmed.
    ///
    /// An EBML header, and then the one segment (RFC 9559, 5.1), each with its size.
    static func length(of file: RandomAccessFile) throws(FileError) -> UInt64? {
        var head = try file.read(4..<headSize)[...]
        guard let header = number(&head), header <= UInt64(head.count) else { return nil }
        head = head.dropFirst(Int(header))
        guard head.starts(with: [0x18, 0x53, 0x80, 0x67]) else { return nil }
        head = head.dropFirst(4)
        guard let segment = number(&head) else { return nil }
        let (length, overflows) = (4 + UInt64(head.startIndex)).addingReportingOverflow(segment)
        return overflows ? nil : length
    }

    /// Takes a size off the beginning (RFC 8794, 4); `nil` if it is not known, or if there is none.
    private static func number(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        guard let first = bytes.first, first != 0, bytes.count > first.leadingZeroBitCount else { return nil }
        let count = first.leadingZeroBitCount + 1
        var value = UInt64(first & (0xFF >> count))
        for byte in bytes.dropFirst().prefix(count - 1) { value = value << 8 | UInt64(byte) }
        bytes = bytes.dropFirst(count)
        return value == (1 as UInt64) << (7 * count) - 1 ? nil : value
    }

    /// The codec of its video; `nil` if it is neither H.264 nor H.265.
    private static func codec(of file: RandomAccessFile) throws(FileError) -> VideoCodec? {
        let head = String(decoding: try file.read(0..<headSize), as: Unicode.ASCII.self)
        if head.contains("V_MPEG4/ISO/AVC") { return .h264 }
        return head.contains("V_MPEGH/ISO/HEVC") ? .h265 : nil
    }

    /// An MP4 of what is in a file; it has no name, and goes with its last user.
    ///
    /// `folder` is open, and where it lies.
    static func remux(
        _ file: RandomAccessFile,
        in folder: Int32,
        _ library: PipelineLibrary,
        _ stopper: Stopper
    ) async throws -> RandomAccessFile {
        guard let codec = try codec(of: file) else {
            throw FilmFile.Problem.wrong("its video is neither H.264 nor H.265")
        }
        let name = ".\(makeIdentity()).mp4"
        let output = openat(folder, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard output >= 0 else { throw FileError("create", name) }
        let film = try RandomAccessFile(adopting: output, path: "\(file.path) as MP4")
        guard unlinkat(folder, name, 0) == 0 else { throw FileError("hide", name) }
        let pipeline = try library.description(pipeline).makePipeline(
            with: [
                "input": "/proc/self/fd/\(file.descriptor)",
                "output": "/proc/self/fd/\(film.descriptor)",
                "codec": codec.rawValue,
                "stream-format": codec == .h264 ? "avc" : "hvc1",
            ]
        )
        // Whichever is first: how it ended, or that it does not.
        let (ends, end) = AsyncStream.makeStream(of: String?.self)
        let listening = Task {
            for await message in pipeline.bus.messages {
                switch message {
                case .endOfStream: end.yield(nil)
                case .error(_, let text, let detail): end.yield(detail.isEmpty ? text : "\(text) (\(detail))")
                case .warning, .latency: continue
                }
                return
            }
        }
        let watching = Task {
            let deadline = ContinuousClock.now + limit
            while .now < deadline, !stopper.isStopped {
                // Cancelled when it has ended.
                do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
            }
            end.yield("it takes longer than ten minutes")
        }
        await pipeline.setState(.playing)
        var problem: String?
        for await how in ends {
            problem = how
            break
        }
        listening.cancel()
        watching.cancel()
        await pipeline.setState(.null)
        if stopper.isStopped { throw FileError("read", file.path, code: EINTR) }
        if let problem { throw FilmFile.Problem.wrong("it cannot be made an MP4: \(problem)") }
        return film
    }
}

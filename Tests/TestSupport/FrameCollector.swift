// SPDX-License-Identifier: Apache-2.0
package import GStreamer
internal import Synchronization

/// Keeps what an appsink receives, and lets a test wait for it.
package final class FrameCollector: Sendable {
    private let arrivals: AsyncStream<Void>
    private let frames: Frames

    private final class Frames: Sendable {
        let kept = Mutex<[ReceivedFrame]>([])
        let taken = Mutex(0)
    }

    /// Called before the pipeline is started.
    package init(of sink: AppSink) {
        let (stream, arrival) = AsyncStream.makeStream(of: Void.self)
        let frames = Frames()
        (arrivals, self.frames) = (stream, frames)
        sink.onSample { sample in
            let frame = ReceivedFrame(sample)
            frames.kept.withLock { $0.append(frame) }
            arrival.yield()
        }
    }

    /// Everything that has come.
    package var all: [ReceivedFrame] { frames.kept.withLock { $0 } }

    /// The next frames that were not returned yet, as soon as so many have come. One reader.
    package func next(_ count: Int) async -> [ReceivedFrame] {
        let start = frames.taken.withLock { taken in
            defer { taken += count }
            return taken
        }
        if count > 0 { for await _ in arrivals where all.count >= start + count { break } }
        return Array(all.dropFirst(start).prefix(count))
    }
}

/// Starts a pipeline, waits for its end of stream, and stops it.
///
/// - Throws: ``PipelineFault`` if it reports an error.
package func play(_ pipeline: Pipeline) async throws {
    await pipeline.setState(.playing)
    var fault: PipelineFault?
    loop: for await message in pipeline.bus.messages {
        switch message {
        case .endOfStream: break loop
        case .error(let source, let text, let detail):
            fault = PipelineFault(description: "\(source): \(text) \(detail)")
            break loop
        case .warning, .latency: break
        }
    }
    await pipeline.setState(.null)
    if let fault { throw fault }
}

/// What a pipeline that was to run to its end reported.
package struct PipelineFault: Error, CustomStringConvertible {
    package let description: String
}

/// Encodes a moving test picture, faster than real time.
///
/// - Parameter gop: frames from keyframe to keyframe.
package func encodedFrames(
    _ count: Int,
    gop: Int,
    framerate: Int = 30,
    size: (width: Int, height: Int) = (160, 120),
    encoder: String = "bframes=0 tune=zerolatency"
) async throws -> [ReceivedFrame] {
    let pipeline = try Pipeline(
        parsing: "videotestsrc num-buffers=\(count) horizontal-speed=3 "
            + "! video/x-raw,format=I420,width=\(size.width),height=\(size.height),framerate=\(framerate)/1 "
            + "! x264enc \(encoder) key-int-max=\(gop) option-string=scenecut=0 speed-preset=ultrafast threads=1 "
            + "! h264parse ! video/x-h264,stream-format=avc,alignment=au ! appsink name=feed sync=false"
    )
    guard let sink = pipeline.appSink(named: "feed") else { throw PipelineFault(description: "there is no appsink") }
    let collector = FrameCollector(of: sink)
    try await play(pipeline)
    return collector.all
}

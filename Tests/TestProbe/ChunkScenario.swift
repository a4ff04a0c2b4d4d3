// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Footage
import TestSupport

/// `TestProbe chunk DIRECTORY`: writes one chunk as a finalising muxer does, and closes it, for strace to look on.
enum ChunkScenario {
    static func run(directory: String) {
        do {
            let name = ChunkName(camera: "front-door", start: UTCTime(nanoseconds: 0))
            let space = Space(directory: directory, quota: Quota(limits: .init())) {}
            // Long, so that the trace shows the close alone.
            let file = try ChunkFile(name, in: directory, id: 1, space: space, syncInterval: .seconds(60))
            for write in MuxerWrites.finalised(fragments: 2).writes {
                try write.bytes.withUnsafeBytes { try file.write($0, at: write.offset) }
            }
            let closed = DispatchSemaphore(value: 0)
            file.close(
                complete: true,
                metadata: { Array("metadata".utf8) },
                done: { outcome in
                    print(outcome.isComplete)
                    closed.signal()
                }
            )
            closed.wait()
        } catch {
            print(error)
        }
    }
}

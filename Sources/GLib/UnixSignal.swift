// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import Glibc

/// Unix signals as a sequence, delivered through the main loop (`g_unix_signal_add`), where any code may run.
package enum UnixSignal {
    /// Each time one of `numbers` arrives, its number. Up to eight wait for a reader: more of the same mean nothing new.
    ///
    /// Not isolated to the loop, since the sources are removed on whatever thread lets go of the stream.
    package static func stream(of numbers: [Int32]) -> AsyncStream<Int32> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(8))
        typealias Handler = @Sendable () -> Void
        let sources = numbers.map { number in
            let handler: Handler = { continuation.yield(number) }
            return g_unix_signal_add_full(
                G_PRIORITY_HIGH,
                number,
                { data in
                    if let data { Retained<Handler>.value(of: data)() }
                    return 1  // G_SOURCE_CONTINUE
                },
                Retained<Handler>(handler).toOpaque(),
                { data in if let data { Retained<Handler>.release(data) } }
            )
        }
        continuation.onTermination = { _ in for source in sources { g_source_remove(source) } }
        return stream
    }
}

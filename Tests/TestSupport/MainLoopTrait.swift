// SPDX-License-Identifier: Apache-2.0
internal import Foundation
internal import GLib
internal import GStreamer
package import Testing

/// Has GLib's main loop run while a test does, on a thread of its own that lasts as long as the test process.
///
/// `swift test` keeps the main thread to itself; what is isolated to ``MainLoop`` would wait for ever.
package struct MainLoopTrait: SuiteTrait, TestTrait {
    package var isRecursive: Bool { true }

    package func prepare(for test: Test) async throws { _ = Self.started }

    private static let started: Void = {
        Library.start()
        let thread = Thread {
            // Threads of the test process block signals, and so would the processes that are started here.
            var none = sigset_t()
            sigemptyset(&none)
            pthread_sigmask(SIG_SETMASK, &none, nil)
            // Never resumed: the process ends under it.
            MainLoop.run { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
        }
        thread.name = "main-loop"
        thread.start()
    }()
}

extension Trait where Self == MainLoopTrait {
    /// GLib's main loop runs.
    package static var mainLoop: Self { Self() }
}

/// Has GStreamer started before a test.
package struct GStreamerTrait: SuiteTrait, TestTrait {
    package var isRecursive: Bool { true }

    package func prepare(for test: Test) async throws { Library.start() }
}

extension Trait where Self == GStreamerTrait {
    /// GStreamer is started.
    package static var gstreamer: Self { Self() }
}

// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// The process's main loop, as a global actor: pipelines' control, the RTSP server, timers and signals live on it.
///
/// Frames never do. What is isolated here needs no lock of its own.
@globalActor package actor MainLoop {
    package static let shared = MainLoop()
    private static let executor = MainContextExecutor()

    package nonisolated var unownedExecutor: UnownedSerialExecutor { Self.executor.asUnownedSerialExecutor() }

    /// Runs the loop on the calling thread until `body` returns, and returns what it returned.
    ///
    /// The process's main thread calls this once. `body` runs on the loop itself.
    package nonisolated static func run<Result: Sendable>(
        _ body: @escaping @MainLoop @Sendable () async -> Result
    ) -> Result {
        let loop = Loop(pointer: g_main_loop_new(nil, 0))
        let result = Box<Result>()
        // Detached: in `@main static func main()` a plain task would inherit the main actor, which never runs here.
        Task.detached { await perform(body, into: result, thenQuit: loop) }
        g_main_loop_run(loop.pointer)
        g_main_loop_unref(loop.pointer)
        guard let value = result.value else { fatalError("the main loop was left before its work was done") }
        return value
    }

    @MainLoop private static func perform<Result: Sendable>(
        _ body: @MainLoop @Sendable () async -> Result,
        into result: Box<Result>,
        thenQuit loop: Loop
    ) async {
        result.value = await body()
        g_main_loop_quit(loop.pointer)
    }

    /// Runs `body` now, for C code that GLib calls on the main loop's thread.
    ///
    /// Traps on any other thread.
    package nonisolated static func assumeIsolated<Result: Sendable>(
        _ body: @MainLoop () throws -> Result
    ) rethrows -> Result {
        shared.preconditionIsolated()
        typealias Isolated = @MainLoop () throws -> Result
        typealias Plain = () throws -> Result
        return try withoutActuallyEscaping(body) { (isolated: @escaping Isolated) in
            // What `MainActor.assumeIsolated` does: the check above makes the isolation true.
            try unsafeBitCast(isolated, to: Plain.self)()
        }
    }

    // GMainLoop locks itself.
    private struct Loop: @unchecked Sendable { let pointer: OpaquePointer? }

    // Written on the loop, read on the same thread after the loop has ended.
    private final class Box<Value>: @unchecked Sendable { var value: Value? }
}

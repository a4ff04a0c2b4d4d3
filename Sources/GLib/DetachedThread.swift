// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer

/// A thread of its own (`g_thread_new`), for what may wait as long as it likes.
package enum DetachedThread {
    /// `name` is shown by `top -H` and debuggers, in at most 15 characters.
    package static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        typealias Work = @Sendable () -> Void
        let thread = g_thread_new(
            name,
            { data in
                guard let data else { return nil }
                Retained<Work>.value(of: data)()
                Retained<Work>.release(data)
                return nil
            },
            Retained<Work>(body).toOpaque()
        )
        g_thread_unref(thread)
    }
}

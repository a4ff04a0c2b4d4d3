// SPDX-License-Identifier: Apache-2.0

// What goes on for long ends when whoever asked for it may no longer have it.
extension Call {
    /// Whether whoever asked is still who it was: a session may have ended, a role or a token have been taken away.
    var isStillWelcome: Bool {
        get async {
            do throws(Problem) { return try await Caller.of(request, backend) == caller } catch {
                // Nobody knows who may be here: those who are there stay.
                return error.status == 503
            }
        }
    }

    /// Stops what goes on once whoever asked for it may no longer have it; looks twice a second.
    func watch(_ stream: some Stoppable) {
        Task { [weak stream] in
            while stream.map({ !$0.isOver }) ?? false {
                do { try await Task.sleep(for: .milliseconds(500)) } catch { return }
                guard await isStillWelcome else {
                    stream?.stop()
                    return
                }
            }
        }
    }
}

/// What goes on until it is stopped.
protocol Stoppable: AnyObject, Sendable {
    var isOver: Bool { get }

    func stop()
}

extension LiveStream: Stoppable {}
extension WebRTCSession: Stoppable {}

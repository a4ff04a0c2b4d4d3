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

    /// Calls `end` once whoever asked may no longer have what goes on; looks twice a second, until `isOver`.
    func whenUnwelcome(isOver: @escaping @Sendable () -> Bool, _ end: @escaping @Sendable () -> Void) {
        Task {
            while !isOver() {
                do { try await Task.sleep(for: .milliseconds(500)) } catch { return }
                guard await isStillWelcome else { return end() }
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package import GLib

/// The questions that a store has for a camera which it cannot reach: the camera comes, takes one, and brings the answer
/// when it comes for the next.
///
/// Who comes has shown the camera's token already.
@MainLoop package final class CardExchange {
    /// A request to the camera's own API, behind `/api/v1`.
    package struct Question: Codable, Equatable, Sendable {
        package var number: Int
        package var method: String
        package var path: String
        /// Of `Range`, such as `bytes=0-99`.
        package var range: String?
        /// JSON.
        package var body: String?
    }

    package struct Answer: Sendable {
        package let status: Int
        package let body: [UInt8]

        package init(status: Int, body: [UInt8]) { (self.status, self.body) = (status, body) }
    }

    /// Why there is no answer.
    package struct Silence: Error, CustomStringConvertible {
        /// Whether it has ever come.
        package let hasCome: Bool
        package let description =
            "the camera does not come to be asked: is camera.push.web the URL of this store's page?"
    }

    private var count = 0
    private var hasCome = false
    private var open: (question: Question, done: CheckedContinuation<Answer, any Error>)?
    private var isTaken = false
    private var waiting: [(number: Int, done: CheckedContinuation<Question?, Never>)] = []

    /// A camera that comes at all comes at once: it waits here for questions.
    private static let patience = Duration.seconds(40)

    package nonisolated init() {}

    /// Asks, and waits for the answer; one question at a time.
    ///
    /// - Throws: ``Silence`` if the camera does not come.
    package func ask(_ method: String, _ path: String, range: String? = nil, body: String? = nil) async throws -> Answer
    {
        try Task.checkCancellation()
        count += 1
        let question = Question(number: count, method: method, path: path, range: range, body: body)
        let limit = Task {
            do { try await Task.sleep(for: Self.patience) } catch { return }
            give(up: question.number, Silence(hasCome: hasCome))
        }
        defer { limit.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { done in
                open?.done.resume(throwing: CancellationError())
                (open, isTaken) = ((question, done), false)
                hand()
            }
        } onCancel: {
            Task { @MainLoop in give(up: question.number, CancellationError()) }
        }
    }

    /// The camera brings an answer; one to a question that nobody asks any more is let go.
    package func answer(_ number: Int, _ answer: Answer) {
        guard let asked = open, asked.question.number == number else { return }
        open = nil
        asked.done.resume(returning: answer)
    }

    /// The next question; `nil` if there is none for so long.
    package func next(within limit: Duration) async -> Question? {
        hasCome = true
        count += 1
        let number = count
        let waiting = Task {
            do { try await Task.sleep(for: limit) } catch { return }
            leave(number)
        }
        defer { waiting.cancel() }
        // Whoever comes anew is the one that is there: what it did not answer is asked again.
        isTaken = false
        return await withTaskCancellationHandler {
            await withCheckedContinuation { done in
                self.waiting.append((number, done))
                hand()
            }
        } onCancel: {
            Task { @MainLoop in leave(number) }
        }
    }

    private func hand() {
        guard let open, !isTaken, let last = waiting.popLast() else { return }
        isTaken = true
        last.done.resume(returning: open.question)
    }

    private func leave(_ number: Int) {
        guard let place = waiting.firstIndex(where: { $0.number == number }) else { return }
        waiting.remove(at: place).done.resume(returning: nil)
    }

    private func give(up number: Int, _ error: any Error) {
        guard let asked = open, asked.question.number == number else { return }
        open = nil
        asked.done.resume(throwing: error)
    }
}

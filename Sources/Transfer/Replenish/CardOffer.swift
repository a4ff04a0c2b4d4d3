// SPDX-License-Identifier: Apache-2.0
internal import FoundationEssentials
package import GLib
internal import HTTP
package import Media

/// Comes to a store that cannot reach this camera, and answers what it asks of the card.
@MainLoop package final class CardOffer {
    /// Where to, and with which token.
    package struct Settings: Equatable, Sendable {
        package let server: String
        package let tokenFile: String
        package let fingerprint: String?

        package init(server: String, tokenFile: String, fingerprint: String?) {
            (self.server, self.tokenFile, self.fingerprint) = (server, tokenFile, fingerprint)
        }
    }

    private let camera: String
    private let answer: @MainLoop (CardExchange.Question) async -> CardExchange.Answer
    private let settings: AsyncStream<Settings?>
    private let post: AsyncStream<Settings?>.Continuation
    private var said: String?
    /// Why the store cannot be asked; `nil` while it can.
    package private(set) var trouble: String?

    private static let (shortest, longest) = (Duration.seconds(1), Duration.seconds(30))

    /// `answer` performs what is asked.
    package init(
        camera: String,
        settings: Settings?,
        answer: @escaping @MainLoop (CardExchange.Question) async -> CardExchange.Answer
    ) {
        (self.camera, self.answer) = (camera, answer)
        (self.settings, post) = AsyncStream.makeStream(of: Settings?.self, bufferingPolicy: .bufferingNewest(1))
        post.yield(settings)
    }

    /// Comes to another store from now on, or to none.
    package func configure(_ settings: Settings?) { post.yield(settings) }

    /// Runs until ``stop()``.
    package func run() async {
        var coming: Task<Void, Never>?
        for await settings in settings {
            coming?.cancel()
            await coming?.value
            trouble = nil
            coming = settings.map { settings in Task { await come(to: settings) } }
        }
        coming?.cancel()
        await coming?.value
    }

    /// Asks for an end.
    package func stop() { post.finish() }

    private func come(to settings: Settings) async {
        let client = HTTPClient(server: settings.server, fingerprint: settings.fingerprint)
        var pause = Self.shortest
        var last: (number: Int, answer: CardExchange.Answer)?
        while !Task.isCancelled {
            let asked = ContinuousClock.now
            do {
                let question = try await exchange(last, client, settings)
                if said != nil { Log.notice("the store takes what it lacks from this card again", camera: camera) }
                (last, pause, said, trouble) = (nil, Self.shortest, nil, nil)
                if let question { last = (question.number, await answer(question)) }
                // A store without a question keeps its answer back for a while; what does not is no such store.
                if question == nil, asked.duration(to: .now) < Self.shortest {
                    try await Task.sleep(for: Self.shortest)
                }
            } catch {
                if Task.isCancelled { return }
                trouble = "\(error)"
                // A store may be away for a week.
                if said != trouble {
                    Log.warning("the store cannot be offered what it lacks: \(error)", camera: camera)
                }
                (said, last) = (trouble, nil)
                do { try await Task.sleep(for: pause) } catch { return }
                pause = min(pause * 2, Self.longest)
            }
        }
    }

    /// Brings the last answer, and takes the next question.
    private func exchange(
        _ last: (number: Int, answer: CardExchange.Answer)?,
        _ client: HTTPClient,
        _ settings: Settings
    ) async throws -> CardExchange.Question? {
        let query = last.map { "?answer=\($0.number)&status=\($0.answer.status)" } ?? ""
        var request = HTTPClient.Request("/api/v1/cameras/\(camera)/card/exchange\(query)")
        request.method = "POST"
        request.headers.append(("Authorization", "Bearer \(try Secret.read(settings.tokenFile))"))
        request.body = ("application/octet-stream", last?.answer.body ?? [])
        let answer = try await client.send(request, limit: 64 << 10)
        if answer.status == 204 { return nil }
        return try JSONDecoder().decode(CardExchange.Question.self, from: Data(answer.body))
    }
}

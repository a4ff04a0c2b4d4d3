// SPDX-License-Identifier: Apache-2.0
internal import HTTP
internal import Media

/// Where a camera that this store cannot reach brings what the store lacks.
struct CardExchangeRoutes: Sendable {
    /// Less than proxies and clients wait for an answer.
    private static let patience = Duration.seconds(15)

    var routes: [Route] {
        [
            Route(
                .post,
                "/cameras/{camera}/card/exchange",
                .publisher,
                "Brings the answer to a question of this store's, and takes the next one",
                query: ["answer": "the number of the question that the body answers", "status": "the answer's status"]
            ) { call in
                guard let exchange = await call.backend.exchange(call["camera"]) else {
                    throw Problem(404, "this store has nothing to ask of '\(call["camera"])'")
                }
                if let number = try call.number("answer"), let status = try call.number("status") {
                    guard abs(number) < 1e15, (100..<600).contains(status) else {
                        throw Problem(400, "'answer' and 'status' are numbers of a question and of HTTP")
                    }
                    await exchange.answer(Int(number), .init(status: Int(status), body: call.request.body))
                }
                guard let question = await exchange.next(within: Self.patience) else { return HTTPResponse(204) }
                return HTTPResponse(json: question)
            }
        ]
    }
}

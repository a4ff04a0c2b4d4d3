// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import HTTP

/// What is wrong with a request, as RFC 9457 has it: a sentence that a person can act on.
struct Problem: Error, Encodable, Equatable {
    let title: String
    let status: Int
    let detail: String
    /// Seconds after which it is worth trying again.
    var retryAfter: Int?

    /// What is wrong with the settings that were sent, one by one.
    var mistakes: [Diagnostic]?

    private enum CodingKeys: String, CodingKey { case title, status, detail, mistakes }

    init(_ status: Int, _ detail: String, retryAfter: Int? = nil) {
        (self.status, self.detail, self.retryAfter) = (status, detail, retryAfter)
        title =
            switch status {
            case 400: "Bad request"
            case 401: "Not logged in"
            case 403: "Not allowed"
            case 404: "Not found"
            case 405: "Method not allowed"
            case 409: "Conflict"
            case 415: "Unsupported media type"
            case 422: "Unprocessable content"
            case 429: "Too many attempts"
            case 503: "Not available now"
            default: "Failed"
            }
    }

    var response: HTTPResponse {
        var headers = retryAfter.map { [("Retry-After", String($0))] } ?? []
        if status == 401 { headers.append(("WWW-Authenticate", "Bearer realm=\"martlet\"")) }
        return HTTPResponse(status, type: "application/problem+json", JSONText.bytes(of: self), headers)
    }
}

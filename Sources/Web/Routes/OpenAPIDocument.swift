// SPDX-License-Identifier: Apache-2.0

/// The table of routes as others read it (OpenAPI 3.1).
struct OpenAPIDocument: Encodable {
    fileprivate struct Information: Encodable {
        let title = "Martlet"
        let version: String
    }

    fileprivate struct Server: Encodable {
        let url = "/api/v1"
    }

    fileprivate struct Operation: Encodable {
        let summary: String
        let parameters: [Parameter]
        let security: [[String: [String]]]
        let requestBody: Body?
        let responses: [String: Response]
    }

    fileprivate struct Parameter: Encodable {
        let name: String
        let `in`: String
        let required: Bool
        let description: String?
        let schema: JSONValue
    }

    fileprivate struct Body: Encodable {
        var required = true
        let content: [String: Content]
    }

    fileprivate struct Content: Encodable {
        var schema: JSONValue?
    }

    fileprivate struct Response: Encodable {
        let description: String
        var content: [String: Content]?
    }

    fileprivate struct Components: Encodable {
        let securitySchemes = [
            "session": ["type": "apiKey", "in": "cookie", "name": Caller.cookie],
            "token": ["type": "http", "scheme": "bearer", "description": "a device's token, for one camera"],
        ]
    }

    private let openapi = "3.1.0"
    private let info: Information
    private let servers = [Server()]
    private let paths: [String: [String: Operation]]
    private let components = Components()

    init(_ routes: [Route], version: String) {
        info = Information(version: version)
        var paths: [String: [String: Operation]] = [:]
        for route in routes { paths[route.path, default: [:]][route.method.rawValue.lowercased()] = Operation(route) }
        self.paths = paths
    }
}

extension OpenAPIDocument.Operation {
    fileprivate init(_ route: Route) {
        let places = route.path.split(separator: "/").filter { $0.first == "{" }.map { $0.dropFirst().dropLast() }
        parameters =
            places.map {
                .init(name: String($0), in: "path", required: true, description: nil, schema: ["type": "string"])
            }
            + route.query.sorted { $0.key < $1.key }.map { name, text in
                let (schema, isRequired) = RouteContent.parameter(name, of: route)
                return .init(name: name, in: "query", required: isRequired, description: text, schema: schema)
            }
        let content = RouteContent.of(route)
        requestBody = content?.request.map { .init(content: [$0.type: .init(schema: $0.schema)]) }
        switch route.access {
        case .anybody: (summary, security) = (route.summary, [])
        case .publisher: (summary, security) = ("\(route.summary) (a camera)", [["token": []]])
        case .role(let role, let orToken):
            summary = "\(route.summary) (\(role.rawValue))"
            security = [["session": []]] + (orToken ? [["token": []]] : [])
        }
        var responses: [String: OpenAPIDocument.Response] = [
            "default": .init(
                description: "a problem document (RFC 9457)",
                content: ["application/problem+json": .init(schema: RouteContent.problem)]
            )
        ]
        for (status, answer) in content?.answers ?? [:] {
            let description = status < 300 ? "done" : "not done"
            let held = answer.type.map { [$0: OpenAPIDocument.Content(schema: answer.schema)] }
            responses[String(status)] = .init(description: description, content: held)
        }
        self.responses = responses
    }
}

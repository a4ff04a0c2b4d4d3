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
        let responses: [String: Response]
    }

    fileprivate struct Parameter: Encodable {
        let name: String
        let `in`: String
        let required: Bool
        let description: String?
        let schema = ["type": "string"]
    }

    fileprivate struct Response: Encodable {
        let description: String
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
            places.map { .init(name: String($0), in: "path", required: true, description: nil) }
            + route.query.sorted { $0.key < $1.key }.map {
                .init(name: $0.key, in: "query", required: false, description: $0.value)
            }
        switch route.access {
        case .anybody: (summary, security) = (route.summary, [])
        case .role(let role, let orToken):
            summary = "\(route.summary) (\(role.rawValue))"
            security = [["session": []]] + (orToken ? [["token": []]] : [])
        }
        responses = [
            "2XX": .init(description: "done"), "default": .init(description: "a problem document (RFC 9457)"),
        ]
    }
}

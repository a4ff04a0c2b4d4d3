// SPDX-License-Identifier: Apache-2.0

/// What requests bring and answers hold, for whoever reads the table of routes (JSON Schema).
struct RouteContent: Sendable {
    /// What a request brings, by its type.
    var request: (type: String, schema: JSONValue)? = nil
    /// What answers hold, by status; of a problem nothing needs to be said.
    var answers: [Int: Answer]

    struct Answer: Sendable {
        /// `nil` for one without a body.
        var type: String?
        var schema: JSONValue?
    }

    /// `nil` for a route that is missing here.
    static func of(_ route: Route) -> RouteContent? { known["\(route.method.rawValue) \(route.path)"] }

    /// The routes that are here, as `GET /status`.
    static var routes: Set<String> { Set(known.keys) }

    /// A parameter's schema, and whether it must be there.
    static func parameter(_ name: String, of route: Route) -> (schema: JSONValue, isRequired: Bool) {
        let isSegment = route.path == "/chunks/{id}/segment.mp4"
        let needsSpan = ["timeline", "media", "clip", "movement"].contains { route.path.hasSuffix("/\($0)") }
        switch name {
        case "from", "to":
            if isSegment { return (["type": "number"], false) }
            let isNeeded = needsSpan || route.path == "/clips" || name == "from" && route.path.hasSuffix(".m3u8")
            return (time, isNeeded)
        case "at", "after", "before": return (route.path.hasPrefix("/cameras") ? time : ["type": "integer"], false)
        case "camera": return (["type": "array", "items": ["type": "string"], "minItems": 1, "maxItems": 64], true)
        case "width": return (["type": "integer", "minimum": 16, "maximum": 7680], false)
        case "limit", "step": return (["type": "integer", "minimum": 1], false)
        case "keyframes", "acknowledged": return (["type": "string", "enum": ["true", "false"]], false)
        case "frames": return (["type": "string", "pattern": "^[0-9]{1,9}-[0-9]{1,9}$"], false)
        case "answer", "status": return (["type": "integer"], false)
        case "cursor": return (["type": "string", "pattern": "^[0-9]{1,18}$"], false)
        default: return (["type": "string"], false)
        }
    }

    private static let time: JSONValue = ["type": "string", "format": "date-time"]
    private static let text: JSONValue = ["type": "string"]
    private static let number: JSONValue = ["type": "number"]
    private static let whole: JSONValue = ["type": "integer"]
    private static let flag: JSONValue = ["type": "boolean"]
    private static let role: JSONValue = ["enum": ["viewer", "operator", "admin"]]

    /// What is wrong (RFC 9457).
    static let problem = object(["title": text, "status": whole, "detail": text])

    /// All of these must be there; of `more` any.
    private static func object(_ keys: [String: JSONValue], more: [String: JSONValue] = [:]) -> JSONValue {
        [
            "type": "object", "required": .list(keys.keys.sorted().map { .text($0) }),
            "properties": .object(keys.merging(more) { one, _ in one }),
        ]
    }

    private static func list(of item: JSONValue) -> JSONValue { ["type": "array", "items": item] }

    private static func json(_ schema: JSONValue) -> Answer { Answer(type: "application/json", schema: schema) }

    private static let none = Answer()
    private static let video = Answer(type: "video/mp4")

    private static let session = object(
        ["state": ["enum": ["logged-in", "logged-out", "first-run", "closed"]]],
        more: ["user": text, "role": role]
    )
    private static let login = object(["username": text, "password": text])
    private static let user = object(["name": text, "role": role, "since": time])
    private static let token = object(["id": text, "camera": text, "rights": ["type": "string"], "since": time])
    private static let chunk = object([
        "id": whole, "camera": text, "start": time, "length": number, "size": whole, "frames": whole,
        "state": ["enum": ["open", "complete", "repaired", "damaged"]], "origin": ["enum": ["live", "card"]],
        "protected": flag, "file": text,
    ])
    private static let piece = object(
        [
            "chunk": whole, "start": time, "start-ns": text, "duration": number, "open": flag, "mime": text,
            "width": whole, "height": whole,
        ],
        more: ["offset": number]
    )
    private static let span = object(
        ["kind": ["enum": ["recorded", "gap"]], "from": time, "to": time],
        more: [
            "state": text, "protected": flag, "replenished": flag, "unsynchronised": flag, "run": text, "reason": text,
            "detail": text,
        ]
    )

    private static let card = object(
        [
            "camera": text, "card": text, "boot": text, "media-time": whole, "more": flag, "short": flag,
            "chunks": list(
                of: object([
                    "id": whole, "run": text, "boot": text, "media-time": whole, "start": whole, "clock": text,
                    "duration": whole, "frames": whole, "bytes": whole, "state": text, "acknowledged": flag,
                ])
            ),
            "gaps": list(of: object(["start": whole, "reason": text, "detail": text], more: ["end": whole])),
        ],
        more: ["oldest": whole]
    )

    private static let openSession = object([
        "id": text, "since": time, "until": time, "address": text, "agent": text, "current": flag,
    ])
    private static let setting = object(
        [
            "key": text, "type": text, "summary": text, "source": ["enum": ["default", "page", "file"]],
            "restarts": ["enum": ["nothing", "recording", "stream", "clients", "service"]],
        ],
        more: ["value": scalar, "default": scalar, "limits": text, "unset": text, "file": text, "line": whole]
    )
    private static let scalar: JSONValue = ["type": ["string", "number", "boolean"]]
    private static let settings = object(["settings": list(of: setting), "file": text, "mistakes": list(of: mistake)])
    private static let mistake = object(
        ["severity": text, "file": text, "message": text],
        more: ["line": whole, "column": whole, "key": text, "hint": text]
    )
    private static let changes = object(["changes": ["type": "object"]])
    private static let entry = object([
        "id": whole, "time": time, "user": text, "address": text, "action": text, "what": text,
    ])
    private static let line = object(
        ["id": whole, "time": time, "level": ["enum": ["error", "warning", "notice", "info"]], "text": text],
        more: ["camera": text]
    )

    private static let known: [String: RouteContent] = [
        "GET /session": .init(answers: [200: json(session)]),
        "POST /session": .init(request: ("application/json", login), answers: [200: json(session)]),
        "DELETE /session": .init(answers: [204: none]),
        "POST /first-run": .init(request: ("application/json", login), answers: [201: json(session)]),
        "GET /sessions": .init(answers: [200: json(list(of: openSession))]),
        "DELETE /sessions": .init(answers: [204: none]),
        "DELETE /sessions/{id}": .init(answers: [204: none]),
        "GET /status": .init(answers: [200: json(["type": "object"])]),
        "GET /openapi.json": .init(answers: [200: json(["type": "object"])]),
        "GET /events": .init(answers: [200: Answer(type: "text/event-stream")]),
        "GET /cameras/{camera}/live.mp4": .init(answers: [200: video]),
        "POST /cameras/{camera}/whep": .init(
            request: ("application/sdp", text),
            answers: [201: Answer(type: "application/sdp")]
        ),
        "DELETE /cameras/{camera}/whep/{id}": .init(answers: [204: none]),
        "GET /cameras/{camera}/snapshot": .init(answers: [200: Answer(type: "image/jpeg")]),
        "GET /cameras/{camera}/timeline": .init(answers: [
            200: json(
                object(
                    ["camera": text, "from": time, "to": time, "now": time, "spans": list(of: span)],
                    more: ["oldest": time]
                )
            )
        ]),
        "GET /cameras/{camera}/chunks": .init(answers: [
            200: json(object(["chunks": list(of: chunk)], more: ["cursor": text]))
        ]),
        "GET /cameras/{camera}/media": .init(answers: [200: json(object(["pieces": list(of: piece)]))]),
        "GET /cameras/{camera}/footage.m3u8": .init(answers: [200: Answer(type: "application/vnd.apple.mpegurl")]),
        "GET /cameras/{camera}/clip": .init(answers: [200: video]),
        "GET /clips": .init(answers: [200: Answer(type: "application/zip")]),
        "GET /chunks/{id}": .init(answers: [200: json(chunk)]),
        "PATCH /chunks/{id}": .init(
            request: ("application/json", object(["protected": flag])),
            answers: [200: json(chunk)]
        ),
        "DELETE /chunks/{id}": .init(answers: [204: none]),
        "GET /chunks/{id}/init.mp4": .init(answers: [200: video, 204: none]),
        "GET /chunks/{id}/segment.mp4": .init(answers: [200: video, 204: none]),
        "GET /chunks/{id}/media": .init(answers: [200: video, 206: video, 416: none]),
        "GET /cameras/{camera}/card": .init(answers: [200: json(card)]),
        "POST /cameras/{camera}/card/acknowledged": .init(
            request: ("application/json", object(["card": text, "chunks": list(of: whole)], more: ["declined": flag])),
            answers: [200: json(object(["acknowledged": whole]))]
        ),
        "POST /cameras/{camera}/card/exchange": .init(
            request: ("application/octet-stream", text),
            answers: [
                200: json(
                    object(["number": whole, "method": text, "path": text], more: ["range": text, "body": text])
                ),
                204: none,
            ]
        ),
        "GET /chunks/{id}/index.mp4": .init(answers: [200: video, 204: none]),
        "GET /chunks/{id}/hashes": .init(answers: [200: json(object(["sha256": list(of: text)]))]),
        "GET /cameras": .init(answers: [200: json(object(["cameras": list(of: ["type": "object"])]))]),
        "GET /cameras/{camera}": .init(answers: [200: json(["type": "object"])]),
        "PATCH /cameras/{camera}": .init(
            request: ("application/json", object(["recording": flag])),
            answers: [200: json(["type": "object"])]
        ),
        "GET /cameras/{camera}/movement": .init(answers: [
            200: json(
                object(["from": time, "step": number, "values": list(of: ["type": ["integer", "null"]])])
            )
        ]),
        "GET /cameras/{camera}/movement/next": .init(answers: [200: json(object(["at": time]))]),
        "GET /settings": .init(answers: [200: json(settings)]),
        "PATCH /settings": .init(request: ("application/json", changes), answers: [200: json(settings)]),
        "GET /audit": .init(answers: [200: json(object(["entries": list(of: entry), "more": flag]))]),
        "GET /log": .init(answers: [200: json(object(["entries": list(of: line)]))]),
        "GET /storage": .init(answers: [
            200: json(
                object(
                    [
                        "directory": text, "used": whole, "min-free": whole,
                        "cameras": list(
                            of: object(["camera": text, "used": whole], more: ["oldest": time, "rate": number])
                        ),
                    ],
                    more: ["max-space": whole, "free": whole, "oldest": time]
                )
            )
        ]),
        "GET /users": .init(answers: [200: json(list(of: user))]),
        "POST /users": .init(
            request: ("application/json", object(["name": text, "role": role, "password": text])),
            answers: [201: json(user)]
        ),
        "PATCH /users/{name}": .init(
            request: ("application/json", object([:], more: ["role": role, "password": text])),
            answers: [204: none]
        ),
        "DELETE /users/{name}": .init(answers: [204: none]),
        "GET /users/{name}/sessions": .init(answers: [200: json(list(of: openSession))]),
        "DELETE /users/{name}/sessions": .init(answers: [204: none]),
        "GET /tokens": .init(answers: [200: json(list(of: token))]),
        "POST /tokens": .init(
            request: ("application/json", object(["camera": text, "rights": ["enum": ["read", "publish", "both"]]])),
            answers: [201: json(object(["token": text]))]
        ),
        "DELETE /tokens/{id}": .init(answers: [204: none]),
    ]
}

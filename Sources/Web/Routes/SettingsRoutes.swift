// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Configuration
internal import Dispatch
internal import HTTP

/// The configuration as it stands, and what the page may change of it.
struct SettingsRoutes: Sendable {
    /// Files are read and written here, one change after the other.
    private let queue = DispatchQueue(label: "settings")

    var routes: [Route] {
        [
            Route(.get, "/settings", .role(.admin), "Every setting, its value, and who says so") { call in
                HTTPResponse(json: try await document(call))
            },
            Route(.patch, "/settings", .role(.admin), "Set other values, all or none") { call in
                let changes = try call.body(Changes.self).changes.mapValues(\.value)
                guard !changes.isEmpty else { throw Problem(422, "there is nothing to change") }
                try await change(changes, call)
                return HTTPResponse(json: try await document(call))
            }
            .noted(.settings) { call in
                let changes = (try? call.body(Changes.self))?.changes ?? [:]
                return changes.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value.words)" }.joined(
                    separator: ", "
                )
            },
            Route(.get, "/cameras", .role(.viewer), "The cameras, as the status has them") { call in
                guard let cameras = await call.backend.cameras(nil) else {
                    throw Problem(503, "the service is stopping")
                }
                return HTTPResponse(200, type: "application/json", cameras, [("Cache-Control", "no-store")])
            },
            Route(.get, "/cameras/{camera}", .role(.viewer, orToken: true), "One camera, as the status has it") {
                try await Self.camera($0)
            },
            Route(.patch, "/cameras/{camera}", .role(.operator), "Begin or end a camera's recording") { call in
                let wanted = try call.body(ChangedCamera.self).recording
                guard let key = await call.backend.recordingKey(call["camera"]) else {
                    throw Problem(404, "there is no camera '\(call["camera"])'")
                }
                try await change([key: .flag(wanted)], call)
                return try await Self.camera(call)
            }
            .noted(.recording) { call in
                let isOn = (try? call.body(ChangedCamera.self))?.recording ?? false
                return "\(call["camera"]) \(isOn ? "on" : "off")"
            },
        ]
    }

    private static func camera(_ call: Call) async throws -> HTTPResponse {
        guard let camera = await call.backend.cameras(call["camera"]) else {
            throw Problem(404, "there is no camera '\(call["camera"])'")
        }
        return HTTPResponse(200, type: "application/json", camera, [("Cache-Control", "no-store")])
    }

    private struct ChangedCamera: Decodable {
        let recording: Bool
    }

    // MARK: Reading and writing

    private func document(_ call: Call) async throws -> Document {
        let file = call.backend.settings
        return try await onQueue { () throws(PageSettings.Failure) in
            let (settings, mistakes) = try file.current()
            return Document(settings: settings.map(ListedSetting.init), file: file.path, mistakes: mistakes)
        }
    }

    private func change(_ changes: [String: Setting.Value?], _ call: Call) async throws {
        let file = call.backend.settings
        try await onQueue { () throws(PageSettings.Failure) in try file.change(changes) }
        await call.backend.settingsChanged()
    }

    private func onQueue<Result: Sendable>(
        _ body: @escaping @Sendable () throws(PageSettings.Failure) -> Result
    ) async throws -> Result {
        do {
            return try await withCheckedThrowingContinuation { done in
                queue.async { done.resume(with: Swift.Result { try body() }) }
            }
        } catch let failure as PageSettings.Failure {
            throw Problem(failure)
        }
    }

    // MARK: Documents

    private struct Document: Encodable {
        let settings: [ListedSetting]
        let file: String
        let mistakes: [Diagnostic]
    }

    private struct ListedSetting: Encodable {
        let key: String
        let type: String
        let limits: String?
        let summary: String
        let value: Setting.Value?
        let `default`: Setting.Value?
        /// What holds without a value and a default, in words.
        let unset: String?
        let source: String
        let file: String?
        let line: Int?
        let restarts: String

        init(_ setting: Setting) {
            (key, type) = (setting.key, setting.description.type)
            (limits, summary) = (setting.description.limits, setting.description.summary)
            (value, `default`, restarts) = (setting.value, setting.standard, setting.effect.rawValue)
            if case .unset(let words) = setting.description.default { unset = words } else { unset = nil }
            switch setting.source {
            case .standard: (source, file, line) = ("default", nil, nil)
            case .page: (source, file, line) = ("page", nil, nil)
            case .file(let place): (source, file, line) = ("file", place.file, place.position?.line)
            }
        }
    }

    private struct Changes: Decodable {
        let changes: [String: Change]
    }

    /// A value, or `null` for the default.
    private struct Change: Decodable {
        let value: Setting.Value?

        var words: String {
            switch value {
            case nil: "default"
            case .text(let text): text
            case .integer(let number): String(number)
            case .decimal(let number): String(number)
            case .flag(let flag): String(flag)
            }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            value = container.decodeNil() ? nil : try container.decode(Setting.Value.self)
        }
    }
}

extension Setting.Value: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Int64.self) {
            self = .integer(number)
        } else if let number = try? container.decode(Double.self) {
            self = .decimal(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .integer(let number): try container.encode(number)
        case .decimal(let number): try container.encode(number)
        case .flag(let flag): try container.encode(flag)
        }
    }
}

extension Problem {
    fileprivate init(_ failure: PageSettings.Failure) {
        switch failure {
        case .fixed(let key, let place):
            self.init(409, "'\(key)' is said at \(place): change it there, or take it out of that file")
        case .unknown(let key): self.init(422, "there is no setting '\(key.prefix(100))' that the page may change")
        case .mistaken(let diagnostics):
            let first = diagnostics.first.map { "\($0.key.map { $0 + ": " } ?? "")\($0.message)" } ?? ""
            self.init(422, first)
            mistakes = diagnostics
        case .disk(let words): self.init(503, words)
        }
    }
}

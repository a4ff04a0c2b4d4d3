// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import GStreamer
internal import Media

/// `martlet check`: every mistake at once, like a compiler.
enum CheckCommand {
    static func run(_ arguments: Arguments, _ terminal: Terminal) -> ExitStatus {
        var loaded: Loaded
        do throws(Unreadable) { loaded = try Configuration.load(path: arguments.configurationPath) } catch {
            terminal.complain(error.description)
            return .wrongUse
        }
        if let configuration = loaded.configuration {
            Library.start()
            let mistakes = PipelineCheck(library: .standard()).mistakes(of: configuration)
            loaded = loaded.adding(
                mistakes.map { Diagnostic(.error, at: loaded.place(of: $0.key), key: $0.key, $0.text) }
            )
        }
        if arguments.has("json") {
            do { terminal.print(try JSON.text(Report(loaded))) } catch {
                terminal.complain("the report cannot be written as JSON: \(error)")
                return .wrong
            }
        } else {
            for diagnostic in loaded.diagnostics { terminal.print(diagnostic.report) }
            terminal.print(summary(of: loaded, path: arguments.configurationPath))
        }
        return loaded.hasErrors ? .wrong : .done
    }

    private struct Report: Encodable {
        let files: [String]
        let diagnostics: [Diagnostic]

        init(_ loaded: Loaded) { (files, diagnostics) = (loaded.files, loaded.diagnostics) }
    }

    static func summary(of loaded: Loaded, path: String) -> String {
        let errors = loaded.diagnostics.count { $0.severity == .error }
        let warnings = loaded.diagnostics.count - errors
        func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
        guard let configuration = loaded.configuration else {
            return "\(path): \(counted(errors, "mistake"))\(warnings > 0 ? ", \(counted(warnings, "warning"))" : "")"
        }
        var roles: [String] = []
        if let camera = configuration.camera {
            roles.append(
                "camera \(camera.name) (\(camera.source), \(camera.width)×\(camera.height), \(camera.framerate)/s)"
            )
        }
        if configuration.store != nil { roles.append("store of \(counted(configuration.cameras.count, "camera"))") }
        let what = roles.isEmpty ? "neither a camera nor a store" : roles.joined(separator: ", ")
        return "\(path): no mistakes\(warnings > 0 ? ", \(counted(warnings, "warning"))" : ""): \(what)"
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import GLib
internal import Media
internal import Serving

/// `martlet pipeline`: what runs, to be read and to be tried by hand.
@MainLoop enum PipelineCommand {
    static func run(_ arguments: Arguments, _ terminal: Terminal) -> ExitStatus {
        let library = PipelineLibrary.standard()
        do throws(PipelineDescription.Mistake) {
            guard let name = arguments.operands.first else {
                for name in ["capture", "receive", "record", "serve", "transfer"].flatMap(library.names) {
                    terminal.print("\(name)\t\(try library.description(name).file)")
                }
                return .done
            }
            let description = try library.description(name)
            terminal.print(try description.filled(with: values(for: name, arguments, terminal)))
            return .done
        } catch {
            terminal.complain(error.description)
            return .wrong
        }
    }

    /// What config.toml says, where it says something; else the defaults of a camera with a name.
    private static func values(for name: String, _ arguments: Arguments, _ terminal: Terminal) -> [String: String] {
        let configuration = configuration(arguments, terminal)
        switch name.prefix(while: { $0 != "/" }) {
        case "capture": return configuration.camera.map(Capture.values) ?? [:]
        case "transfer":
            return ["input": "film.mkv", "output": "film.mp4", "codec": "h264", "stream-format": "avc"]
        case "receive" where name == Ingest.pipeline: return Ingest.values()
        case "serve" where name == Publisher.pipeline:
            return Publisher.values(url: configuration.camera?.push?.url ?? "rtsps://store.local:8322/camera")
        case "serve" where name == "serve/snapshot": return ["width": "640"]
        case "serve" where name == "serve/webrtc": return ["payload": "96", "ssrc": "1"]
        case "receive":
            let camera = configuration.cameras.first { $0.url != nil }
            return Receiver.values(
                url: camera?.url ?? "rtsp://camera.local:8554/camera",
                transport: camera?.transport ?? .tcp
            )
        case "record":
            let recording = configuration.camera?.recording ?? configuration.store?.recording
            return Recorder.values(recording.map { Recorder.Settings($0) } ?? .init(chunkDuration: .zero))
        default: return RTSPService.values(codec: .h264)
        }
    }

    private static func configuration(_ arguments: Arguments, _ terminal: Terminal) -> Configuration {
        let defaults = Configuration.parse("[camera]\nname = \"camera\"\n[store]\n").configuration
        do throws(Unreadable) {
            if let loaded = try Configuration.load(path: arguments.configurationPath).configuration { return loaded }
            terminal.complain(
                "\(arguments.configurationPath) has mistakes: these are the defaults; see 'martlet check'"
            )
        } catch {
            terminal.complain("\(error.description); these are the defaults")
        }
        guard let defaults else { fatalError("the defaults are no configuration") }
        return defaults
    }
}

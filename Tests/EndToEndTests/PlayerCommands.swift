// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport

/// The commands of docs/reference/players.md: what it says of players is what was run.
struct PlayerCommands {
    /// What the document's placeholders stand for.
    struct Names {
        let camera: String
        let port: Int
        let securePort: Int
        let user: String
        let password: String
        let token: String
        /// A file.
        let certificate: String
    }

    /// How many frames of a player count as played.
    static let frames = 30

    /// Where scripts/bootstrap puts OpenCV.
    static let opencv = "\(Product.repository)/.build/opencv/bin/python"

    static var hasOpenCV: Bool { FileManager.default.isExecutableFile(atPath: opencv) }

    /// Lines that play.
    let playing: [String]
    /// Lines that do not.
    let refused: [String]
    /// `watch.py`.
    let script: String

    init() throws {
        let document = "\(Product.repository)/docs/reference/players.md"
        var (blocks, language): ([String: [String]], String?) = ([:], nil)
        for line in try String(contentsOfFile: document, encoding: .utf8).split(
            separator: "\n",
            omittingEmptySubsequences: false
        ) {
            if line.hasPrefix("```") {
                language = language == nil ? String(line.dropFirst(3)) : nil
            } else if let language {
                blocks[language, default: []].append(String(line))
            }
        }
        (playing, refused) = (blocks[""] ?? [], blocks["refused"] ?? [])
        script = (blocks["python"] ?? []).joined(separator: "\n") + "\n"
    }

    static func isOpenCV(_ line: String) -> Bool { line.contains("python3 watch.py ") }

    /// A line with the names in it, for a machine without a screen.
    ///
    /// It ends after ``frames`` frames, but for ffplay, and leaves what came of them in a folder.
    static func runnable(_ line: String, _ names: Names, in folder: String) -> String {
        var line = line
        for (placeholder, value) in [
            ("store.local:8554", "127.0.0.1:\(names.port)"), ("store.local:8322", "127.0.0.1:\(names.securePort)"),
            ("front-door", names.camera), ("anna", names.user), ("PASSWORD", names.password), ("TOKEN", names.token),
            ("certificate.pem", names.certificate),
        ] {
            line = line.replacing(placeholder, with: value)
        }
        let images = "videoconvert ! jpegenc ! multifilesink location=\(folder)/%03d.jpg"
        switch line.prefix(while: { $0 != " " }) {
        case "ffmpeg":
            return line.replacing("ffmpeg ", with: "ffmpeg -nostdin -v error ")
                .replacing(" seen.mp4", with: " -frames:v \(frames) \(folder)/seen.mp4")
        case "ffplay":
            return "SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy \(line) -vf showinfo"
        case "mpv":
            return "\(line) --no-config --vo=image --vo-image-outdir=\(folder) --ao=null --frames=\(frames)"
        case "gst-launch-1.0":
            return line.replacing("autovideosink", with: "identity eos-after=\(frames) ! \(images)")
        case "gst-play-1.0":
            return "\(line) --no-interactive --videosink='identity eos-after=\(frames) ! \(images)'"
        default:
            return line.replacing("python3 watch.py ", with: "\(opencv) \(folder)/watch.py ")
        }
    }

    /// How many frames a player has left in its folder; `nil` for one that leaves none there.
    static func framesLeft(by line: String, in folder: String) async throws -> Int? {
        switch line.prefix(while: { $0 != " " }) {
        case "ffmpeg":
            let film = "\(folder)/seen.mp4"
            return FileManager.default.fileExists(atPath: film) ? try await accessUnits(of: film).count : 0
        case "mpv", "gst-launch-1.0", "gst-play-1.0":
            return try FileManager.default.contentsOfDirectory(atPath: folder).count { $0.hasSuffix(".jpg") }
        default: return nil
        }
    }
}

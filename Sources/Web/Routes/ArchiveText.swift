// SPDX-License-Identifier: Apache-2.0
internal import Footage

/// What an archive of clips says of itself: which camera, from when to when, and by which digest one knows it unchanged.
struct ArchiveText: Sendable {
    struct Part: Sendable {
        let camera: String
        /// The file's name in the archive; `nil` where there is nothing.
        let name: String?
        let plan: ClipPlan?
    }

    let parts: [Part]
    let span: Range<UTCTime>
    let made: UTCTime

    /// `digests` are those of the files, in order.
    func text(digests: [String]) -> String {
        var lines = [
            "Footage from \(Self.both(span.lowerBound))",
            "          to \(Self.both(span.upperBound))",
            "taken on     \(Self.both(made))",
            "",
            "Each file begins with the keyframe at the span's beginning or before it, and ends before the first keyframe at",
            "its end or after it. What was not recorded is left out: the picture goes on at once. Nothing was encoded anew.",
        ]
        var rest = digests[...]
        for part in parts {
            lines += ["", part.camera]
            guard let name = part.name, let summary = part.plan?.summary else {
                lines.append("  nothing was recorded in that time, or nothing of it is left")
                continue
            }
            lines.append("  file         \(name)")
            if let start = summary.start { lines.append("  first frame  \(Self.both(start))") }
            if let end = summary.end { lines.append("  last frame   \(Self.both(end))") }
            lines.append("  frames       \(summary.frames), \(summary.bytes) bytes")
            lines.append("  SHA-256      \(rest.popFirst() ?? "")")
            for skipped in summary.skipped { lines.append("  not in it    \(skipped)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func both(_ time: UTCTime) -> String { "\(time.rfc3339) (here \(time.local))" }
}

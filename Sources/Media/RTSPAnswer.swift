// SPDX-License-Identifier: Apache-2.0

/// What GStreamer says of a server's answer (`gst_rtsp_strresult`; RFC 2326, 7.1.1), and what it means to a user.
struct RTSPAnswer {
    private let words: String
    private let meaning: String

    init(_ words: String, _ meaning: String) { (self.words, self.meaning) = (words, meaning) }

    /// What was said, after what it means if one of the answers is in it.
    static func sentence(_ said: String, _ url: String, _ answers: [RTSPAnswer]) -> String {
        let meaning = answers.first { said.contains($0.words) }?.meaning
        return "\(meaning.map { "\($0): " } ?? "")\(said) (\(url))"
    }
}

// SPDX-License-Identifier: Apache-2.0
internal import GStreamer

/// The compressed formats that Martlet carries.
///
/// What a camera sends is kept as it is.
package enum VideoCodec: String, CaseIterable, Sendable, CustomStringConvertible {
    case h264, h265

    /// From a feed's caps (`video/x-h264`); `nil` for anything else.
    package init?(mediaType: String) {
        guard let codec = Self.allCases.first(where: { "video/x-\($0.rawValue)" == mediaType }) else { return nil }
        self = codec
    }

    /// From an RTP payload's `encoding-name` (RFC 6184, RFC 7798).
    init?(encodingName: String) {
        guard let codec = Self.allCases.first(where: { $0.rawValue == encodingName.lowercased() }) else { return nil }
        self = codec
    }

    package var description: String {
        switch self {
        case .h264: "H.264"
        case .h265: "H.265"
        }
    }
}

extension Feed.Run {
    /// What the frames are compressed with; `nil` for a capture description that makes something else.
    package var codec: VideoCodec? { VideoCodec(mediaType: format.mediaType) }
}

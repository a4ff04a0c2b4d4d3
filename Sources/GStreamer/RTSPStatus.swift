// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
internal import GLib

/// What an RTSP client is told (`GstRTSPStatusCode`; RFC 2326, 7.1.1).
package struct RTSPStatus: Equatable, Sendable {
    let code: GstRTSPStatusCode

    package static let ok = RTSPStatus(code: GST_RTSP_STS_OK)
    package static let badRequest = RTSPStatus(code: GST_RTSP_STS_BAD_REQUEST)
    package static let unauthorized = RTSPStatus(code: GST_RTSP_STS_UNAUTHORIZED)
    package static let forbidden = RTSPStatus(code: GST_RTSP_STS_FORBIDDEN)
    package static let notFound = RTSPStatus(code: GST_RTSP_STS_NOT_FOUND)
    package static let methodNotAllowed = RTSPStatus(code: GST_RTSP_STS_METHOD_NOT_ALLOWED)
    package static let unsupportedMediaType = RTSPStatus(code: GST_RTSP_STS_UNSUPPORTED_MEDIA_TYPE)
    package static let notValidInThisState = RTSPStatus(code: GST_RTSP_STS_METHOD_NOT_VALID_IN_THIS_STATE)
    package static let unsupportedTransport = RTSPStatus(code: GST_RTSP_STS_UNSUPPORTED_TRANSPORT)
    package static let serviceUnavailable = RTSPStatus(code: GST_RTSP_STS_SERVICE_UNAVAILABLE)

    /// Such as 404.
    package var number: Int { Int(code.rawValue) }
}

/// The same as a signal's result.
struct RTSPStatusValue: ValueConvertible {
    let status: RTSPStatus

    static var valueType: GType { gst_rtsp_status_code_get_type() }

    func store(in value: UnsafeMutablePointer<GValue>) { g_value_set_enum(value, gint(status.code.rawValue)) }

    static func load(from value: UnsafePointer<GValue>) -> RTSPStatusValue? {
        guard martlet_value_type(value) == valueType else { return nil }
        let code = GstRTSPStatusCode(rawValue: UInt32(bitPattern: g_value_get_enum(value)))
        return RTSPStatusValue(status: RTSPStatus(code: code))
    }
}

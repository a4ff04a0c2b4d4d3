// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib

/// What a client of an RTSP server wants, and who it says it is.
package struct RTSPLogin: Sendable {
    package enum Credentials: Equatable, Sendable {
        case none
        case basic(user: String, password: String)
        case digest(user: String, uri: String, nonce: String, response: String)
    }

    package let method: String
    /// The path of the URL, such as `/front-door`.
    package let path: String
    /// The URL as the client wrote it.
    package let uri: String
    /// From where, as an IP address.
    package let address: String
    /// The same for all requests of one connection, and never again for another.
    package let connection: UInt
    package let credentials: Credentials
    /// With `ANNOUNCE`: what it would send; `nil` if that cannot be read.
    package let announcement: SessionDescription?

    package init(
        method: String,
        path: String,
        uri: String,
        address: String,
        connection: UInt,
        credentials: Credentials,
        announcement: SessionDescription? = nil
    ) {
        (self.method, self.path, self.uri) = (method, path, uri)
        (self.address, self.connection, self.credentials) = (address, connection, credentials)
        self.announcement = announcement
    }
}

/// What a client is told.
package enum RTSPAdmission: Equatable, Sendable {
    case granted
    /// 401, with what it may answer (`WWW-Authenticate`).
    case challenged([String])
    /// 403: whoever it is, this is not for it.
    case forbidden
    /// It may, and it cannot be done.
    case rejected(RTSPStatus)
}

/// Asks somebody about each request to an RTSP server (`GstRTSPAuth`), on the server's threads.
package final class RTSPAuthenticator: Object, @unchecked Sendable {  // GstRTSPAuth locks itself.
    package typealias Decision = @Sendable (RTSPLogin) -> RTSPAdmission

    /// Whether nobody can listen in.
    let isEncrypted: Bool

    /// With a certificate the server speaks TLS and nothing else.
    package init(certificate: TLSCertificate? = nil, _ decide: @escaping Decision) {
        isEncrypted = certificate != nil
        guard let pointer = g_object_new_with_properties(Self.type, 0, nil, nil) else {
            fatalError("GObject could not make a \(RTSPAuthenticator.self)")
        }
        let raw = UnsafeMutableRawPointer(pointer)
        Instance.at(raw).pointee.decision = Retained<Decision>(decide).toOpaque()
        super.init(adopting: raw)
        if let certificate { use(certificate) }
    }

    /// Shows another certificate to those who connect from now on.
    package func use(_ certificate: TLSCertificate) {
        withPointer(as: GstRTSPAuth.self) { auth in
            certificate.withPointer(as: GTlsCertificate.self) { gst_rtsp_auth_set_tls_certificate(auth, $0) }
        }
    }

    private struct Instance {
        var parent: GstRTSPAuth
        var decision: UnsafeMutableRawPointer?

        static func at(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Instance> {
            pointer.assumingMemoryBound(to: Instance.self)
        }
    }

    private static let type = g_type_register_static_simple(
        gst_rtsp_auth_get_type(),
        "MartletRTSPAuthenticator",
        guint(MemoryLayout<GstRTSPAuthClass>.size),
        { classPointer, _ in
            guard let classPointer else { return }
            parentClass = g_type_class_peek_parent(classPointer)?.assumingMemoryBound(to: GstRTSPAuthClass.self)
            let authClass = classPointer.assumingMemoryBound(to: GstRTSPAuthClass.self)
            authClass.pointee.check = { auth, context, check in
                guard let auth, let context, let check else { return 0 }
                switch String(cString: check) {
                // There the certificate is shown.
                case GST_RTSP_AUTH_CHECK_CONNECT: return parentClass?.pointee.check(auth, context, check) ?? 0
                case GST_RTSP_AUTH_CHECK_URL: return RTSPAuthenticator.admit(auth, context) ? 1 : 0
                // Asked before anything is made, for each method that leads to it.
                case GST_RTSP_AUTH_CHECK_MEDIA_FACTORY_CONSTRUCT:
                    let inSession = context.pointee.session != nil
                    if let client = context.pointee.client,
                        RTSPConnection.mayHaveMedia(client, inSession: inSession)
                    {
                        return 1
                    }
                    refuse(context, .serviceUnavailable)
                    return 0
                // Clients choose no multicast groups.
                case GST_RTSP_AUTH_CHECK_TRANSPORT_CLIENT_SETTINGS: return 0
                // Whoever may have the URL may have what is there.
                default: return 1
                }
            }
            authClass.pointee.parent_class.finalize = { object in
                if let object, let decision = Instance.at(object).pointee.decision {
                    Retained<Decision>.release(decision)
                }
                parentClass?.pointee.parent_class.finalize(object)
            }
        },
        guint(MemoryLayout<Instance>.size),
        nil,
        GTypeFlags(rawValue: 0)
    )

    // Set once by GObject before the first instance exists.
    nonisolated(unsafe) private static var parentClass: UnsafeMutablePointer<GstRTSPAuthClass>?

    private static func admit(
        _ auth: UnsafeMutablePointer<GstRTSPAuth>,
        _ context: UnsafeMutablePointer<GstRTSPContext>
    ) -> Bool {
        guard let decision = Instance.at(auth).pointee.decision else { return false }
        if let client = context.pointee.client, RTSPConnection.hasSentTooMuch(RTSPConnection.number(of: client)) {
            return false
        }
        switch Retained<Decision>.value(of: decision)(RTSPLogin(context.pointee)) {
        case .granted:
            if let client = context.pointee.client { RTSPConnection.isNoStranger(RTSPConnection.number(of: client)) }
            return true
        case .challenged(let headers): refuse(context, .unauthorized, headers)
        case .forbidden: refuse(context, .forbidden)
        case .rejected(let status): refuse(context, status)
        }
        return false
    }

    private static func refuse(
        _ context: UnsafeMutablePointer<GstRTSPContext>,
        _ status: RTSPStatus,
        _ challenges: [String] = []
    ) {
        let response = context.pointee.response
        let text = gst_rtsp_status_as_text(status.code)
        gst_rtsp_message_init_response(response, status.code, text, context.pointee.request)
        for challenge in challenges { gst_rtsp_message_add_header(response, GST_RTSP_HDR_WWW_AUTHENTICATE, challenge) }
        gst_rtsp_client_send_message(context.pointee.client, context.pointee.session, response)
    }
}

extension RTSPLogin {
    fileprivate init(_ context: GstRTSPContext) {
        method = gst_rtsp_method_as_text(context.method).map { String(cString: $0) } ?? ""
        path = context.uri.flatMap { $0.pointee.abspath }.map { String(cString: $0) } ?? ""
        address = gst_rtsp_connection_get_ip(context.conn).map { String(cString: $0) } ?? ""
        connection = context.client.map { RTSPConnection.number(of: $0) } ?? 0
        var text: UnsafePointer<gchar>?
        gst_rtsp_message_parse_request(context.request, nil, &text, nil)
        uri = text.map { String(cString: $0) } ?? ""
        credentials = Credentials(context.request)
        announcement = context.method == GST_RTSP_ANNOUNCE ? SessionDescription(context.request) : nil
    }
}

extension RTSPLogin.Credentials {
    /// The first that can be understood (RFC 2617).
    fileprivate init(_ request: UnsafeMutablePointer<GstRTSPMessage>?) {
        self = .none
        guard let list = gst_rtsp_message_parse_auth_credentials(request, GST_RTSP_HDR_AUTHORIZATION) else { return }
        defer { gst_rtsp_auth_credentials_free(list) }
        var index = 0
        while let credential = list[index] {
            index += 1
            switch credential.pointee.scheme {
            case GST_RTSP_AUTH_BASIC:
                guard let text = credential.pointee.authorization, let pair = Self.decode(text) else { continue }
                self = .basic(user: pair.user, password: pair.password)
                return
            case GST_RTSP_AUTH_DIGEST:
                guard let digest = Self.digest(credential.pointee.params) else { continue }
                self = digest
                return
            default: continue
            }
        }
    }

    private static func decode(_ text: UnsafePointer<gchar>) -> (user: String, password: String)? {
        var count: gsize = 0
        guard let bytes = g_base64_decode(text, &count) else { return nil }
        defer { g_free(bytes) }
        let pair = String(decoding: UnsafeRawBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
        guard let colon = pair.firstIndex(of: ":") else { return nil }
        return (String(pair[..<colon]), String(pair[pair.index(after: colon)...]))
    }

    private static func digest(
        _ parameters: UnsafeMutablePointer<UnsafeMutablePointer<GstRTSPAuthParam>?>?
    ) -> RTSPLogin.Credentials? {
        guard let parameters else { return nil }
        var values: [String: String] = [:]
        var index = 0
        while let parameter = parameters[index] {
            index += 1
            guard let name = parameter.pointee.name, let value = parameter.pointee.value else { continue }
            values[String(cString: name).lowercased()] = String(cString: value)
        }
        guard let user = values["username"], let uri = values["uri"], let nonce = values["nonce"],
            let response = values["response"]
        else { return nil }
        return .digest(user: user, uri: uri, nonce: nonce, response: response)
    }
}

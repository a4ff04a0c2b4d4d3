// SPDX-License-Identifier: Apache-2.0
package import GLib
package import GStreamer
internal import HTTP
package import Media

/// The page and its API, over HTTP and HTTPS.
@MainLoop package final class WebService {
    /// Why the service cannot listen, in words for the user.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let server: HTTPServer

    /// Nothing listens yet; with `behindProxy` a proxy on this machine is believed when it says who asks.
    package init(
        _ backend: Backend,
        page: PageFiles,
        library: PipelineLibrary,
        version: String,
        behindProxy: Bool = false
    ) {
        let watching = WatchingAnswers(backend: backend)
        let router = Router(Self.routes(library, version: version), backend)
        server = HTTPServer { request in
            let request = behindProxy ? request.beforeProxy : request
            var response = await router.answer(request)
            if response == nil { response = await watching.answer(request) }
            var answer = response ?? page.answer(request) ?? Problem(404, "there is nothing here").response
            answer = Compression.compressed(answer, for: request)
            for header in Self.securityHeaders where !answer.headers.contains(where: { $0.name == header.0 }) {
                answer.headers.append((name: header.0, value: header.1))
            }
            // Over plain HTTP browsers complain of it.
            if request.isEncrypted { answer.headers.append(("Cross-Origin-Opener-Policy", "same-origin")) }
            return answer
        }
    }

    nonisolated static func routes(_ library: PipelineLibrary, version: String = "") -> [Route] {
        let reader = ChunkReader()
        let routes =
            SessionRoutes().routes + LiveRoutes(library: library).routes + WHEPRoutes(library: library).routes
            + FootageRoutes(reader: reader).routes + CardRoutes(reader: reader).routes + CardExchangeRoutes().routes
            + SnapshotRoutes(reader: reader, library: library).routes
            + MovementRoutes(reader: reader).routes + ClipRoutes().routes + StorageRoutes.routes + PeopleRoutes.routes
            + SettingsRoutes().routes + AuditRoutes.routes + LogRoutes.routes
        let description = Route(.get, "/openapi.json", .role(.viewer), "This description") { _ in
            HTTPResponse(json: OpenAPIDocument(routes, version: version))
        }
        return routes + [description]
    }

    /// Nothing but this server's own files and answers; nobody frames it, nobody learns where a link came from.
    private nonisolated static let securityHeaders = [
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
                + "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
                + "form-action 'none'; frame-ancestors 'none'"
        ),
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
    ]

    /// Listens at an address; with a certificate for HTTPS alone.
    package func listen(host: String, port: Int, certificate: TLSCertificate? = nil) throws(Failure) {
        do throws(HTTPServer.ListenError) {
            try server.listen(host: host, port: port, certificate: certificate)
        } catch {
            throw Failure(description: "cannot serve HTTP on \(host):\(port): \(error)")
        }
    }

    /// Shows another certificate to those who connect from now on.
    package func use(_ certificate: TLSCertificate) { server.use(certificate) }

    /// Stops listening and lets go of all clients.
    package func close() { server.close() }
}

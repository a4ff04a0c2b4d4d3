// SPDX-License-Identifier: Apache-2.0
internal import Configuration
internal import GLib
internal import GStreamer
internal import Media
internal import Web

/// The page and the API as they are served, and how they come to be where a configuration says.
@MainLoop final class RunningWeb {
    private let backend: Backend
    private let library: PipelineLibrary
    private let page: PageFiles
    private var certificate: TLSCertificate?
    private var service: WebService?
    private var settings: Configuration.Web?
    /// What the configuration asks for and could not be had, for people.
    private(set) var trouble: String?
    /// Where it is served, as URLs.
    private(set) var addresses: [String] = []

    init(_ backend: Backend, library: PipelineLibrary, certificate: TLSCertificate?) {
        (self.backend, self.library, self.certificate) = (backend, library, certificate)
        page = Self.page()
        if page.isEmpty { Log.warning("there are no files of the page beside this program: the API alone is served") }
    }

    /// `share/martlet/page` where the program is installed, `page` in the source tree it was built in.
    private static func page() -> PageFiles {
        for folder in PipelineLibrary.standard().folders.dropFirst() where folder.hasSuffix("/pipelines") {
            let page = PageFiles(folder: folder.dropLast("pipelines".count) + "page")
            if !page.isEmpty { return page }
        }
        return PageFiles(folder: "")
    }

    /// Serves it there from now on.
    func apply(_ new: Configuration.Web) {
        guard new != settings else { return }
        settings = new
        service?.close()
        let service = WebService(
            backend,
            page: page,
            library: library,
            version: Martlet.version,
            behindProxy: new.behindProxy
        )
        (addresses, trouble) = ([], nil)
        var troubles: [String] = []
        for (address, certificate) in [(new.listen, nil), (new.tlsListen, certificate)] {
            guard let address else { continue }
            let isEncrypted = address == new.tlsListen
            guard !isEncrypted || certificate != nil else { continue }
            do throws(WebService.Failure) {
                try service.listen(host: address.host, port: address.port, certificate: certificate)
                addresses.append("\(isEncrypted ? "https" : "http")://\(address)/")
            } catch {
                troubles.append(error.description)
            }
        }
        // Two of ours on one machine have one default between them: the other goes on without.
        for text in troubles { Log.warning(text) }
        if !troubles.isEmpty { trouble = troubles.joined(separator: "; ") }
        if !addresses.isEmpty { Log.notice("the page is at \(addresses.joined(separator: " and "))") }
        self.service = service
    }

    /// Shows another certificate to those who connect from now on.
    func use(_ certificate: TLSCertificate) {
        let isFirst = self.certificate == nil
        self.certificate = certificate
        service?.use(certificate)
        // There is no listener that it could be shown at.
        guard isFirst, let former = settings else { return }
        settings = nil
        apply(former)
    }

    func close() {
        service?.close()
        service = nil
    }
}

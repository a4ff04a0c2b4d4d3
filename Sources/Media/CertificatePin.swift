// SPDX-License-Identifier: Apache-2.0
internal import GLib
internal import GStreamer
internal import Synchronization

/// Which certificate an RTSP server is to show.
///
/// With a fingerprint it is that one, whoever vouches for another; without, one that somebody vouches for.
final class CertificatePin: Sendable {
    private let fingerprint: String?
    /// Of a certificate that was not taken.
    private let refused = Mutex<String?>(nil)

    init(_ fingerprint: String?) { self.fingerprint = fingerprint?.lowercased() }

    /// Has `rtspsrc` or `rtspclientsink` ask about each certificate.
    func guardConnections(of element: Element) throws {
        forget()
        if let database = fingerprint == nil ? TLSDatabase.system : TLSDatabase() {
            try element.set("tls-database", to: database)
        }
        // Asked where nobody vouches for the certificate, as with all that are made by their own machines.
        element.connect("accept-certificate") { [weak self] arguments in
            arguments.certificate(1).flatMap { self?.accepts($0.fingerprint) } ?? false
        }
    }

    /// Another connection is made: what an earlier one showed is of no interest.
    func forget() { refused.withLock { $0 = nil } }

    /// Whether it is the one; it is asked at the beginning of a connection.
    func accepts(_ found: String) -> Bool {
        if found == fingerprint { return true }
        refused.withLock { $0 = found }
        return false
    }

    /// Why the server was not believed, in words for the user; `nil` if it was.
    func complaint(_ url: String) -> String? {
        guard let found = refused.withLock({ $0 }) else { return nil }
        return fingerprint == nil
            ? "nobody vouches for the server's certificate: if it is the right one, set fingerprint = \"\(found)\" (\(url))"
            : "the server shows another certificate than 'fingerprint' says: \(found) (\(url))"
    }
}

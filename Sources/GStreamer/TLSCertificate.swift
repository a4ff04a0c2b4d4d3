// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib

/// A certificate with its private key, as GIO has it (`GTlsCertificate`).
package final class TLSCertificate: Object, @unchecked Sendable {  // Never changes.
    /// Why it cannot be used, in GIO's words.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Reads a certificate and its key, both PEM.
    ///
    /// - Throws: ``Failure`` if a file cannot be read, or the two do not belong together; or if there is no TLS in GIO
    ///   (glib-networking).
    package init(certificate: String, key: String) throws(Failure) {
        var error: UnsafeMutablePointer<GError>?
        guard let pointer = g_tls_certificate_new_from_files(certificate, key, &error) else {
            throw Failure(description: takeMessage(of: error))
        }
        super.init(adopting: UnsafeMutableRawPointer(pointer))
        TLSDatabase.spareServers()
    }

    /// One that a peer has shown.
    init(shown pointer: UnsafeMutableRawPointer) { super.init(retaining: pointer) }

    /// SHA-256 of the certificate (DER): `sha256:` and 64 hexadecimal digits.
    package var fingerprint: String {
        var value = GValue()
        g_value_init(&value, g_byte_array_get_type())
        defer { g_value_unset(&value) }
        withPointer(as: GObject.self) { g_object_get_property($0, "certificate", &value) }
        guard let array = g_value_get_boxed(&value)?.assumingMemoryBound(to: GByteArray.self),
            let digest = g_compute_checksum_for_data(G_CHECKSUM_SHA256, array.pointee.data, gsize(array.pointee.len))
        else { return "" }
        defer { g_free(digest) }
        return "sha256:" + String(cString: digest)
    }
}

extension SignalArguments {
    /// An argument that is a certificate.
    package func certificate(_ index: Int) -> TLSCertificate? { object(index).map { TLSCertificate(shown: $0) } }
}

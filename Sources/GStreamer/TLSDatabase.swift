// SPDX-License-Identifier: Apache-2.0
internal import CGStreamer
package import GLib

/// A `GTlsDatabase` that believes nobody: each certificate is asked about, also one that the machine's authorities vouch
/// for.
package final class TLSDatabase: Object, @unchecked Sendable {  // Holds nothing.
    package init() {
        guard let pointer = g_object_new_with_properties(Self.type, 0, nil, nil) else {
            fatalError("GObject could not make a \(TLSDatabase.self)")
        }
        super.init(adopting: UnsafeMutableRawPointer(pointer))
    }

    /// Whom the machine's authorities vouch for, for connections that are made from here; `nil` where GIO has no TLS.
    package static let system = ofServers

    /// What connections have that are given no other; GIO's own, which is ``system``, until ``spareServers()``.
    static var ofServers: Object? {
        g_tls_backend_get_default_database(g_tls_backend_get_default())
            .map { Object(adopting: UnsafeMutableRawPointer($0)) }
    }

    /// Has connections that are accepted believe nobody, since they ask nobody for a certificate.
    ///
    /// For each of them GIO's GnuTLS would read all of the machine's authorities anew, on the main loop and before a
    /// stranger has sent a byte: 10 ms on a fast machine. Those that are made from here name the database they mean.
    static func spareServers() { _ = spared }

    private static let spared: Void = {
        // Before it is nobody's any more.
        guard system != nil else { return }
        TLSDatabase().withPointer(as: GTlsDatabase.self) {
            g_tls_backend_set_default_database(g_tls_backend_get_default(), $0)
        }
    }()

    private static let type = g_type_register_static_simple(
        g_tls_database_get_type(),
        "MartletTLSDatabase",
        guint(MemoryLayout<GTlsDatabaseClass>.size),
        { classPointer, _ in
            let databaseClass = classPointer?.assumingMemoryBound(to: GTlsDatabaseClass.self)
            databaseClass?.pointee.verify_chain = { _, _, _, _, _, _, _, _ in G_TLS_CERTIFICATE_UNKNOWN_CA }
        },
        guint(MemoryLayout<GTlsDatabase>.size),
        nil,
        GTypeFlags(rawValue: 0)
    )
}
